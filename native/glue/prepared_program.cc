#include "prepared_program.h"

#include <algorithm>
#include <iterator>
#include <memory>
#include <string>
#include <vector>

#include "values.h"

namespace fast_sysfs::glue {

namespace {

// What one loading of the addon has: a thread may load it more than once. Every function gets it as its data, and it
// lives until the thread's environment ends.
struct Instance {
  Executor executor;
};

// Those of `run` before the program's parameters.
constexpr size_t kOwnArguments = 2;

// What JavaScript calls a PreparedProgram.
struct PreparedProgram {
  Instance* instance;
  std::shared_ptr<const BoundProgram> bound;
  std::vector<std::string> parameters;
  std::vector<napi_value> arguments;  // where there are more than a few
};

// Marks the objects that have a PreparedProgram, for `ProgramOf` is given what a caller likes.
constexpr napi_type_tag kTag = {0x6d1c7b0e52f9483a, 0x9b04c8e1f7a2356d};

constexpr char kNoCells[] = "cells must be a Float64Array of two or more";

// Writes a result into JavaScript's Float64Array. False where it is no such array.
bool Deliver(napi_env env, const Result& result, napi_value array) {
  size_t capacity = 0;
  void* memory = nullptr;
  if (!IsTypedArray(env, array, napi_float64_array, capacity, memory) || memory == nullptr ||
      capacity < kResultHeader) {
    return false;
  }
  DeliverCells(result, static_cast<double*>(memory), capacity);
  return true;
}

// new PreparedProgram(program: Uint8Array, sys: string, dev: string, root: string)
napi_value Prepare(napi_env env, napi_callback_info info) {
  constexpr size_t kArguments = 4;
  napi_value arguments[kArguments];
  napi_value self = nullptr;
  napi_value target = nullptr;
  void* instance = nullptr;
  size_t count = kArguments;
  if (napi_get_cb_info(env, info, &count, arguments, &self, &instance) != napi_ok ||
      napi_get_new_target(env, info, &target) != napi_ok) {
    return nullptr;
  }
  if (target == nullptr) return Throw(env, "a PreparedProgram is made with new");
  size_t size = 0;
  void* bytes = nullptr;
  auto bound = std::make_shared<BoundProgram>();
  Roots& roots = bound->roots;
  if (count != kArguments || !IsTypedArray(env, arguments[0], napi_uint8_array, size, bytes) ||
      !TextOf(env, arguments[1], roots.sys) || !TextOf(env, arguments[2], roots.dev) ||
      !TextOf(env, arguments[3], roots.root)) {
    return Throw(env, "takes a program and three directories");
  }
  if (bytes != nullptr) bound->program = Program::Decode(static_cast<const uint8_t*>(bytes), size);
  if (bound->program == nullptr) return Throw(env, "not a program");
  auto prepared = std::make_unique<PreparedProgram>();
  prepared->instance = static_cast<Instance*>(instance);
  prepared->parameters.resize(bound->program->parameter_count);
  prepared->bound = std::move(bound);
  const auto finalize = [](napi_env, void* data, void*) { delete static_cast<PreparedProgram*>(data); };
  if (napi_wrap(env, self, prepared.get(), finalize, nullptr, nullptr) != napi_ok) return nullptr;
  prepared.release();
  if (napi_type_tag_object(env, self, &kTag) != napi_ok) return nullptr;
  return self;
}

// run(cells: Float64Array, limit: number, ...parameters: string[]): the result's text, as bytes where it is not ASCII,
// with its cells in `cells`; or the errno of a failure, which `failure()` tells more of.
napi_value Run(napi_env env, napi_callback_info info) {
  napi_value few[kOwnArguments + 2];
  napi_value* arguments = few;
  napi_value self = nullptr;
  size_t count = std::size(few);
  void* wrapped = nullptr;
  if (napi_get_cb_info(env, info, &count, few, &self, nullptr) != napi_ok) return nullptr;
  if (napi_unwrap(env, self, &wrapped) != napi_ok) return Throw(env, "not a PreparedProgram");
  auto& prepared = *static_cast<PreparedProgram*>(wrapped);
  uint32_t limit = 0;
  const size_t expected = prepared.parameters.size() + kOwnArguments;
  if (count > std::size(few) && count == expected) {
    prepared.arguments.resize(count);
    arguments = prepared.arguments.data();
    if (napi_get_cb_info(env, info, &count, arguments, nullptr, nullptr) != napi_ok) return nullptr;
  }
  if (count != expected || napi_get_value_uint32(env, arguments[1], &limit) != napi_ok) {
    return Throw(env, "takes cells, a limit and the program's parameters");
  }
  for (size_t i = 0; i < prepared.parameters.size(); i++) {
    if (!TextOf(env, arguments[i + kOwnArguments], prepared.parameters[i])) {
      return Throw(env, "a parameter must be a string");
    }
  }
  Executor& executor = prepared.instance->executor;
  if (!executor.Run(*prepared.bound->program, prepared.bound->roots, prepared.parameters, limit)) {
    return NumberToJs(env, executor.failure().error);
  }
  if (!Deliver(env, executor.result(), arguments[0])) return Throw(env, kNoCells);
  return BytesToJs(env, executor.result().text);
}

// deliver(cells: Float64Array): puts the last result's cells, which did not fit, into a larger array.
napi_value DeliverAgain(napi_env env, napi_callback_info info) {
  napi_value array = nullptr;
  size_t count = 1;
  void* data = nullptr;
  if (napi_get_cb_info(env, info, &count, &array, nullptr, &data) != napi_ok) return nullptr;
  if (!Deliver(env, static_cast<Instance*>(data)->executor.result(), array)) return Throw(env, kNoCells);
  return nullptr;
}

// failure(): [syscall, path] of the last failure
napi_value LastFailure(napi_env env, napi_callback_info info) {
  void* data = nullptr;
  if (napi_get_cb_info(env, info, nullptr, nullptr, nullptr, &data) != napi_ok) return nullptr;
  return FailureToJs(env, static_cast<Instance*>(data)->executor.failure());
}

}  // namespace

std::shared_ptr<const BoundProgram> ProgramOf(napi_env env, napi_value value) {
  napi_valuetype type;
  bool is_tagged = false;
  void* wrapped = nullptr;
  if (napi_typeof(env, value, &type) != napi_ok || type != napi_object ||
      napi_check_object_type_tag(env, value, &kTag, &is_tagged) != napi_ok || !is_tagged ||
      napi_unwrap(env, value, &wrapped) != napi_ok) {
    return nullptr;
  }
  return static_cast<PreparedProgram*>(wrapped)->bound;
}

void DeliverCells(const Result& result, double* numbers, size_t capacity) {
  numbers[0] = static_cast<double>(result.cells.size());
  numbers[1] = static_cast<double>(result.unreadable_count);
  if (result.cells.size() + kResultHeader <= capacity) {
    std::copy(result.cells.begin(), result.cells.end(), numbers + kResultHeader);
  }
}

bool DefinePreparedProgram(napi_env env, napi_value exports) {
  auto owned = std::make_unique<Instance>();
  Instance* instance = owned.get();
  const auto free = [](void* data) { delete static_cast<Instance*>(data); };
  if (napi_add_env_cleanup_hook(env, free, instance) != napi_ok) return false;
  owned.release();

  const napi_property_descriptor run = {"run", nullptr, Guarded<Run>, nullptr, nullptr, nullptr, napi_default, nullptr};
  napi_value prepared_program = nullptr;
  if (napi_define_class(env, "PreparedProgram", NAPI_AUTO_LENGTH, Guarded<Prepare>, instance, 1, &run,
                        &prepared_program) != napi_ok) {
    return false;
  }
  const napi_property_descriptor properties[] = {
      {"PreparedProgram", nullptr, nullptr, nullptr, nullptr, prepared_program, napi_enumerable, nullptr},
      {"deliver", nullptr, Guarded<DeliverAgain>, nullptr, nullptr, nullptr, napi_enumerable, instance},
      {"failure", nullptr, Guarded<LastFailure>, nullptr, nullptr, nullptr, napi_enumerable, instance},
  };
  return napi_define_properties(env, exports, std::size(properties), properties) == napi_ok;
}

}  // namespace fast_sysfs::glue
