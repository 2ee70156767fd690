#ifndef FAST_SYSFS_PREPARED_PROGRAM_H
#define FAST_SYSFS_PREPARED_PROGRAM_H

#include <node_api.h>

#include <memory>

#include "../core/device_path.h"
#include "../core/executor.h"
#include "../core/program.h"

namespace fast_sysfs::glue {

// A program with the machine it is for. It outlives its JavaScript object while it runs on another thread.
struct BoundProgram {
  std::unique_ptr<Program> program;
  Roots roots;
};

// Of a JavaScript PreparedProgram; null for anything else.
std::shared_ptr<const BoundProgram> ProgramOf(napi_env env, napi_value value);

// How many cells a delivered result has before its own: how many those are, and how much was unreadable.
constexpr size_t kResultHeader = 2;

// Writes a result's cells after its header, where they fit; of one that does not fit, only the header. `capacity` is at
// least that of the header.
void DeliverCells(const Result& result, double* numbers, size_t capacity);

// Adds to the exports what runs queries: the class PreparedProgram, `deliver` and `failure`. False where a call failed.
bool DefinePreparedProgram(napi_env env, napi_value exports);

}  // namespace fast_sysfs::glue

#endif
