#include "prepared_program.h"

#include <algorithm>
#include <utility>

#include "values.h"

namespace fast_sysfs::glue {

namespace {

// The number of arguments of `run` before the program's parameters.
constexpr size_t kFixedArguments = 2;

// Marks PreparedProgram objects. Neither `instanceof` nor a successful Unwrap proves that an object is one: prototypes
// can be replaced, and objects of the addon's other classes can be unwrapped too.
constexpr napi_type_tag kTag = {0x6d1c7b0e52f9483a, 0x9b04c8e1f7a2356d};

// Returns false if the value is not a Float64Array of at least the header's size.
bool ToCells(Napi::Value value, Elements<double>& cells) {
  return ToElements(value, cells) && cells.count >= kResultHeaderSize;
}

Napi::TypeError CellsError(Napi::Env env) {
  return Napi::TypeError::New(env, "cells must be a Float64Array of at least two elements");
}

// copyResult(cells: Float64Array): copies the cells of the last synchronous run again, for a result that did not fit
// into the array that was passed to `run`.
void CopyResult(const Napi::CallbackInfo& info) {
  Elements<double> cells;
  if (!ToCells(info[0], cells)) throw CellsError(info.Env());
  CopyCells(InstanceOf(info.Env()).executor.result(), cells.data, cells.count);
}

// lastFailure(): [syscall, path] of the last synchronous run that failed.
Napi::Value LastFailure(const Napi::CallbackInfo& info) {
  return FromFailure(info.Env(), InstanceOf(info.Env()).executor.failure());
}

}  // namespace

void PreparedProgramWrap::Define(Napi::Env env, Napi::Object exports) {
  exports.Set("PreparedProgram",
              DefineClass(env, "PreparedProgram", {InstanceMethod<&PreparedProgramWrap::Run>("run")}));
  exports.Set("copyResult", Napi::Function::New<CopyResult>(env, "copyResult"));
  exports.Set("lastFailure", Napi::Function::New<LastFailure>(env, "lastFailure"));
}

std::shared_ptr<const BoundProgram> PreparedProgramWrap::ProgramOf(Napi::Value value) {
  if (!value.IsObject()) return nullptr;
  const auto object = value.As<Napi::Object>();
  return object.CheckTypeTag(&kTag) ? Unwrap(object)->bound_ : nullptr;
}

PreparedProgramWrap::PreparedProgramWrap(const Napi::CallbackInfo& info)
    : ObjectWrap(info), instance_(InstanceOf(info.Env())) {
  constexpr size_t kArguments = 4;
  auto bound = std::make_shared<BoundProgram>();
  Roots& roots = bound->roots;
  Elements<uint8_t> bytes;
  if (info.Length() != kArguments || !ToElements(info[0], bytes) || !ToText(info[1], roots.sys) ||
      !ToText(info[2], roots.dev) || !ToText(info[3], roots.root)) {
    throw Napi::TypeError::New(info.Env(), "PreparedProgram takes a program and three directories");
  }
  if (bytes.count > 0) bound->program = Program::Decode(bytes.data, bytes.count);
  if (bound->program == nullptr) throw Napi::TypeError::New(info.Env(), "the bytes are not a valid program");
  parameters_.resize(bound->program->parameter_count);
  bound_ = std::move(bound);
  info.This().As<Napi::Object>().TypeTag(&kTag);
}

Napi::Value PreparedProgramWrap::OnCalledAsFunction(const Napi::CallbackInfo& info) {
  throw Napi::TypeError::New(info.Env(), "a PreparedProgram must be created with new");
}

// run(cells: Float64Array, limit: number, ...parameters: string[]): writes the result's cells to `cells` and returns
// its text, as bytes if it is not ASCII. Returns an errno if the run failed; see `lastFailure`.
Napi::Value PreparedProgramWrap::Run(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  uint32_t limit = 0;
  if (info.Length() != parameters_.size() + kFixedArguments || !ToUint32(info[1], limit)) {
    throw Napi::TypeError::New(env, "run takes cells, a limit and the program's parameters");
  }
  Elements<double> cells;
  if (!ToCells(info[0], cells)) throw CellsError(env);
  for (size_t i = 0; i < parameters_.size(); i++) {
    if (!ToText(info[i + kFixedArguments], parameters_[i])) {
      throw Napi::TypeError::New(env, "a parameter must be a string");
    }
  }
  Executor& executor = instance_.executor;
  if (!executor.Run(*bound_->program, bound_->roots, parameters_, limit)) {
    return Napi::Number::New(env, executor.failure().error);
  }
  CopyCells(executor.result(), cells.data, cells.count);
  return FromBytes(env, executor.result().text);
}

void CopyCells(const Result& result, double* cells, size_t capacity) {
  cells[0] = static_cast<double>(result.cells.size());
  cells[1] = static_cast<double>(result.unreadable_count);
  if (result.cells.size() + kResultHeaderSize <= capacity) {
    std::copy(result.cells.begin(), result.cells.end(), cells + kResultHeaderSize);
  }
}

}  // namespace fast_sysfs::glue
