#include "async_run.h"

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "../core/async_run.h"
#include "../core/executor.h"
#include "instance.h"
#include "prepared_program.h"
#include "values.h"

namespace fast_sysfs::glue {

// The part of a run that its JavaScript object and its worker share.
struct RunState {
  AsyncRun run;
  // Null before the work is queued and after it has completed.
  napi_async_work work = nullptr;
};

namespace {

constexpr size_t kMaxIdleExecutors = 4;

// The number of arguments of the constructor before the program's parameters.
constexpr size_t kFixedArguments = 3;

Napi::Float64Array CellsOf(Napi::Env env, const Result& result) {
  const size_t count = result.cells.size() + kResultHeaderSize;
  Napi::Float64Array cells = Napi::Float64Array::New(env, count);
  CopyCells(result, cells.Data(), count);
  return cells;
}

// Runs a program on the thread pool and calls `on_complete`. It deletes itself afterwards.
class RunWorker final : public Napi::AsyncWorker {
 public:
  RunWorker(const Napi::Function& on_complete, std::shared_ptr<RunState> state,
            std::shared_ptr<const BoundProgram> bound, std::vector<std::string> parameters, uint32_t limit)
      : AsyncWorker(on_complete, "fast-sysfs"),
        state_(std::move(state)),
        bound_(std::move(bound)),
        parameters_(std::move(parameters)),
        limit_(limit) {
    std::vector<std::unique_ptr<Executor>>& idle = InstanceOf(Env()).idle_executors;
    if (idle.empty()) {
      executor_ = std::make_unique<Executor>();
    } else {
      executor_ = std::move(idle.back());
      idle.pop_back();
    }
  }

 private:
  // Called on a thread of the pool, unless the work was cancelled before it started.
  void Execute() override {
    has_started_ = true;
    has_result_ = executor_->Run(*bound_->program, bound_->roots, parameters_, limit_, &state_->run);
    state_->run.End();
  }

  // Called on the thread of JavaScript, also if the work was cancelled or the environment is ending.
  void OnWorkComplete(Napi::Env env, napi_status) override {
    state_->work = nullptr;
    // With napi_cancelled, AsyncWorker would not call OnOK, but a cancelled run calls `on_complete` too.
    AsyncWorker::OnWorkComplete(env, napi_ok);
  }

  // Calls `on_complete` with (text, cells), (errno, failure), or (undefined, undefined) if the run was cancelled.
  void OnOK() override {
    Napi::Value first = Env().Undefined();
    Napi::Value second = Env().Undefined();
    if (has_started_ && !state_->run.IsCancelled()) {
      if (has_result_) {
        first = FromBytes(Env(), executor_->result().text);
        second = CellsOf(Env(), executor_->result());
      } else {
        first = Napi::Number::New(Env(), executor_->failure().error);
        second = FromFailure(Env(), executor_->failure());
      }
    }
    std::vector<std::unique_ptr<Executor>>& idle = InstanceOf(Env()).idle_executors;
    if (idle.size() < kMaxIdleExecutors) idle.push_back(std::move(executor_));
    Callback().Call({first, second});
  }

  std::shared_ptr<RunState> state_;
  std::shared_ptr<const BoundProgram> bound_;
  std::vector<std::string> parameters_;
  uint32_t limit_;
  std::unique_ptr<Executor> executor_;
  bool has_started_ = false;
  bool has_result_ = false;
};

}  // namespace

void AsyncRunWrap::Define(Napi::Env env, Napi::Object exports) {
  exports.Set("AsyncRun", DefineClass(env, "AsyncRun",
                                      {InstanceMethod<&AsyncRunWrap::Cancel>("cancel"),
                                       InstanceMethod<&AsyncRunWrap::CurrentCall>("currentCall")}));
}

AsyncRunWrap::AsyncRunWrap(const Napi::CallbackInfo& info) : ObjectWrap(info), state_(std::make_shared<RunState>()) {
  const Napi::Env env = info.Env();
  std::shared_ptr<const BoundProgram> bound = PreparedProgramWrap::ProgramOf(info[0]);
  uint32_t limit = 0;
  if (bound == nullptr || info.Length() != bound->program->parameter_count + kFixedArguments ||
      !ToUint32(info[1], limit) || !info[2].IsFunction()) {
    throw Napi::TypeError::New(env,
                               "AsyncRun takes a PreparedProgram, a limit, a function and the program's parameters");
  }
  std::vector<std::string> parameters(bound->program->parameter_count);
  for (size_t i = 0; i < parameters.size(); i++) {
    if (!ToText(info[i + kFixedArguments], parameters[i])) {
      throw Napi::TypeError::New(env, "a parameter must be a string");
    }
  }
  auto worker =
      std::make_unique<RunWorker>(info[2].As<Napi::Function>(), state_, std::move(bound), std::move(parameters), limit);
  worker->Queue();
  // The queued worker deletes itself after it has completed.
  state_->work = *worker.release();
}

Napi::Value AsyncRunWrap::OnCalledAsFunction(const Napi::CallbackInfo& info) {
  throw Napi::TypeError::New(info.Env(), "an AsyncRun must be created with new");
}

// cancel(): prevents the run from starting, or ends it before its next system call.
void AsyncRunWrap::Cancel(const Napi::CallbackInfo& info) {
  if (state_->work == nullptr) return;
  state_->run.Cancel();
  // Not AsyncWorker::Cancel, which throws if the work has already started. Here that is not an error.
  napi_cancel_async_work(info.Env(), state_->work);
}

// currentCall(): [syscall, path, duration in milliseconds] of the system call that the run is in, or undefined.
Napi::Value AsyncRunWrap::CurrentCall(const Napi::CallbackInfo& info) {
  const std::optional<AsyncRun::Call> call = state_->run.CurrentCall();
  if (!call) return info.Env().Undefined();
  Napi::Array parts = FromFailure(info.Env(), {0, call->syscall, call->path});
  parts.Set(2U, Napi::Number::New(info.Env(), static_cast<double>(call->duration.count())));
  return parts;
}

}  // namespace fast_sysfs::glue
