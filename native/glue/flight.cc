#include "flight.h"

#include <exception>
#include <iterator>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "../core/flight.h"
#include "prepared_program.h"
#include "values.h"

namespace fast_sysfs::glue {

namespace {

// Those that no run has now. They are kept for their memory.
using Executors = std::vector<std::unique_ptr<Executor>>;
constexpr size_t kMostIdle = 4;

// What one loading of the addon has, as in prepared_program.cc.
struct Instance {
  std::shared_ptr<Executors> idle = std::make_shared<Executors>();
};

// One run. The JavaScript object has it, and so has the run itself as long as it is under way.
struct Run {
  std::shared_ptr<Run> self;
  std::shared_ptr<Executors> idle;
  std::unique_ptr<Executor> executor;
  std::shared_ptr<const BoundProgram> bound;
  std::vector<std::string> parameters;
  uint32_t limit = 0;
  napi_ref landed = nullptr;
  napi_async_work work = nullptr;
  Flight flight;
  bool has_run = false;
  bool is_answered = false;
};

// Those of the constructor before the program's parameters.
constexpr size_t kOwnArguments = 3;

// On a thread of the pool.
void Execute(napi_env, void* data) {
  Run& run = *static_cast<Run*>(data);
  run.has_run = true;
  run.is_answered = run.executor->Run(*run.bound->program, run.bound->roots, run.parameters, run.limit, &run.flight);
  run.flight.Land();
}

napi_value CellsToJs(napi_env env, const Result& result) {
  const size_t count = result.cells.size() + kResultHeader;
  napi_value buffer = nullptr;
  napi_value array = nullptr;
  void* memory = nullptr;
  if (napi_create_arraybuffer(env, count * sizeof(double), &memory, &buffer) != napi_ok ||
      napi_create_typedarray(env, napi_float64_array, count, buffer, 0, &array) != napi_ok) {
    return nullptr;
  }
  DeliverCells(result, static_cast<double*>(memory), count);
  return array;
}

// What `landed` is called with, see the Addon's Flight in lib/executor/addon.ts. False where a call failed.
bool OutcomeOf(napi_env env, const Run& run, napi_value (&outcome)[2]) {
  if (!run.has_run || run.flight.IsStopped()) {
    return napi_get_undefined(env, &outcome[0]) == napi_ok && napi_get_undefined(env, &outcome[1]) == napi_ok;
  }
  if (run.is_answered) {
    outcome[0] = BytesToJs(env, run.executor->result().text);
    outcome[1] = CellsToJs(env, run.executor->result());
  } else {
    const Failure& failure = run.executor->failure();
    outcome[0] = NumberToJs(env, failure.error);
    outcome[1] = FailureToJs(env, failure);
  }
  return outcome[0] != nullptr && outcome[1] != nullptr;
}

// On the thread of JavaScript again; also where the work was cancelled, and where the thread is going away.
void Complete(napi_env env, napi_status, void* data) {
  const std::shared_ptr<Run> run = std::move(static_cast<Run*>(data)->self);
  napi_delete_async_work(env, run->work);
  run->work = nullptr;
  napi_value landed = nullptr;
  napi_value global = nullptr;
  napi_value outcome[2] = {nullptr, nullptr};
  const bool has_callback = napi_get_reference_value(env, run->landed, &landed) == napi_ok && landed != nullptr;
  napi_delete_reference(env, run->landed);
  try {
    if (has_callback && OutcomeOf(env, *run, outcome) && napi_get_global(env, &global) == napi_ok) {
      napi_call_function(env, global, landed, std::size(outcome), outcome, nullptr);
    }
    if (run->idle->size() < kMostIdle) run->idle->push_back(std::move(run->executor));
  } catch (const std::exception& error) {
    napi_throw_error(env, "ENOMEM", error.what());
  }
  run->executor.reset();
}

// new Flight(program: PreparedProgram, limit: number, landed: Function, ...parameters: string[])
napi_value Start(napi_env env, napi_callback_info info) {
  napi_value few[kOwnArguments + 2];
  std::vector<napi_value> many;
  napi_value* arguments = few;
  napi_value self = nullptr;
  napi_value target = nullptr;
  void* instance = nullptr;
  size_t count = std::size(few);
  if (napi_get_cb_info(env, info, &count, few, &self, &instance) != napi_ok ||
      napi_get_new_target(env, info, &target) != napi_ok) {
    return nullptr;
  }
  if (target == nullptr) return Throw(env, "a Flight is made with new");
  auto run = std::make_shared<Run>();
  if (count >= kOwnArguments) run->bound = ProgramOf(env, arguments[0]);
  napi_valuetype type;
  if (run->bound == nullptr || count != run->bound->program->parameter_count + kOwnArguments ||
      napi_get_value_uint32(env, arguments[1], &run->limit) != napi_ok ||
      napi_typeof(env, arguments[2], &type) != napi_ok || type != napi_function) {
    return Throw(env, "takes a PreparedProgram, a limit, a function and the program's parameters");
  }
  if (count > std::size(few)) {
    many.resize(count);
    arguments = many.data();
    if (napi_get_cb_info(env, info, &count, arguments, nullptr, nullptr) != napi_ok) return nullptr;
  }
  run->parameters.resize(count - kOwnArguments);
  for (size_t i = 0; i < run->parameters.size(); i++) {
    if (!TextOf(env, arguments[i + kOwnArguments], run->parameters[i])) {
      return Throw(env, "a parameter must be a string");
    }
  }
  run->idle = static_cast<Instance*>(instance)->idle;
  if (run->idle->empty()) {
    run->executor = std::make_unique<Executor>();
  } else {
    run->executor = std::move(run->idle->back());
    run->idle->pop_back();
  }

  auto owned = std::make_unique<std::shared_ptr<Run>>(run);
  const auto finalize = [](napi_env, void* data, void*) { delete static_cast<std::shared_ptr<Run>*>(data); };
  if (napi_wrap(env, self, owned.get(), finalize, nullptr, nullptr) != napi_ok) return nullptr;
  owned.release();
  napi_value name = nullptr;
  if (napi_create_string_latin1(env, "fast-sysfs", NAPI_AUTO_LENGTH, &name) != napi_ok ||
      napi_create_async_work(env, nullptr, name, Execute, Complete, run.get(), &run->work) != napi_ok) {
    return nullptr;
  }
  if (napi_create_reference(env, arguments[2], 1, &run->landed) != napi_ok ||
      napi_queue_async_work(env, run->work) != napi_ok) {
    if (run->landed != nullptr) napi_delete_reference(env, run->landed);
    napi_delete_async_work(env, run->work);
    run->work = nullptr;
    return Throw(env, "the run cannot be started");
  }
  run->self = run;
  return self;
}

Run* ReceiverOf(napi_env env, napi_callback_info info) {
  napi_value self = nullptr;
  void* wrapped = nullptr;
  if (napi_get_cb_info(env, info, nullptr, nullptr, &self, nullptr) != napi_ok) return nullptr;
  if (napi_unwrap(env, self, &wrapped) != napi_ok) {
    Throw(env, "not a Flight");
    return nullptr;
  }
  return static_cast<std::shared_ptr<Run>*>(wrapped)->get();
}

// stop(): does not begin, where it has not; else ends before the next system call.
napi_value Stop(napi_env env, napi_callback_info info) {
  Run* run = ReceiverOf(env, info);
  if (run == nullptr || run->work == nullptr) return nullptr;
  run->flight.Stop();
  napi_cancel_async_work(env, run->work);  // fails where it has begun
  return nullptr;
}

// call(): [syscall, path, for how many milliseconds] of the system call that it is in, if it is in one.
napi_value CurrentCall(napi_env env, napi_callback_info info) {
  Run* run = ReceiverOf(env, info);
  if (run == nullptr) return nullptr;
  const std::optional<Flight::Call> call = run->flight.CurrentCall();
  if (!call) return nullptr;
  napi_value parts = FailureToJs(env, {0, call->syscall, call->path});
  napi_value lasted = nullptr;
  if (parts == nullptr || napi_create_int64(env, call->lasted.count(), &lasted) != napi_ok ||
      napi_set_element(env, parts, 2, lasted) != napi_ok) {
    return nullptr;
  }
  return parts;
}

}  // namespace

bool DefineFlight(napi_env env, napi_value exports) {
  auto owned = std::make_unique<Instance>();
  Instance* instance = owned.get();
  const auto free = [](void* data) { delete static_cast<Instance*>(data); };
  if (napi_add_env_cleanup_hook(env, free, instance) != napi_ok) return false;
  owned.release();

  const napi_property_descriptor methods[] = {
      {"stop", nullptr, Guarded<Stop>, nullptr, nullptr, nullptr, napi_default, nullptr},
      {"call", nullptr, Guarded<CurrentCall>, nullptr, nullptr, nullptr, napi_default, nullptr},
  };
  napi_value flight = nullptr;
  return napi_define_class(env, "Flight", NAPI_AUTO_LENGTH, Guarded<Start>, instance, std::size(methods), methods,
                           &flight) == napi_ok &&
         napi_set_named_property(env, exports, "Flight", flight) == napi_ok;
}

}  // namespace fast_sysfs::glue
