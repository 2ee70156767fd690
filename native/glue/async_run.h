#ifndef FAST_SYSFS_GLUE_ASYNC_RUN_H
#define FAST_SYSFS_GLUE_ASYNC_RUN_H

#include <napi.h>

#include <memory>

namespace fast_sysfs::glue {

struct RunState;

// The class AsyncRun of the addon: one run of a program on Node's thread pool.
class AsyncRunWrap final : public Napi::ObjectWrap<AsyncRunWrap> {
 public:
  static void Define(Napi::Env env, Napi::Object exports);

  // new AsyncRun(program: PreparedProgram, limit: number, onComplete: Function, ...parameters: string[])
  explicit AsyncRunWrap(const Napi::CallbackInfo& info);

  static Napi::Value OnCalledAsFunction(const Napi::CallbackInfo& info);

 private:
  void Cancel(const Napi::CallbackInfo& info);
  Napi::Value CurrentCall(const Napi::CallbackInfo& info);

  std::shared_ptr<RunState> state_;
};

}  // namespace fast_sysfs::glue

#endif
