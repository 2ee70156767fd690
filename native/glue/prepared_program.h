#ifndef FAST_SYSFS_PREPARED_PROGRAM_H
#define FAST_SYSFS_PREPARED_PROGRAM_H

#include <napi.h>

#include <memory>
#include <string>
#include <vector>

#include "../core/device_path.h"
#include "../core/executor.h"
#include "../core/program.h"
#include "instance.h"

namespace fast_sysfs::glue {

// A program and the roots that it runs on. An asynchronous run keeps it alive after its JavaScript object is collected.
struct BoundProgram {
  std::unique_ptr<Program> program;
  Roots roots;
};

// The class PreparedProgram of the addon: a decoded program that can be run repeatedly.
class PreparedProgramWrap final : public Napi::ObjectWrap<PreparedProgramWrap> {
 public:
  // Adds the class and the functions copyResult and lastFailure to the exports.
  static void Define(Napi::Env env, Napi::Object exports);

  // The program of a PreparedProgram, or null for any other value.
  static std::shared_ptr<const BoundProgram> ProgramOf(Napi::Value value);

  // new PreparedProgram(program: Uint8Array, sys: string, dev: string, root: string)
  explicit PreparedProgramWrap(const Napi::CallbackInfo& info);

  static Napi::Value OnCalledAsFunction(const Napi::CallbackInfo& info);

 private:
  Napi::Value Run(const Napi::CallbackInfo& info);

  Instance& instance_;
  std::shared_ptr<const BoundProgram> bound_;
  std::vector<std::string> parameters_;
};

// The number of cells before the cells of a result: their count, and the number of unreadable attributes.
constexpr size_t kResultHeaderSize = 2;

// Writes the header and, if they fit, the cells of a result. `capacity` is at least kResultHeaderSize.
void CopyCells(const Result& result, double* cells, size_t capacity);

}  // namespace fast_sysfs::glue

#endif
