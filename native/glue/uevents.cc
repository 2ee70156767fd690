#include "uevents.h"

#include <memory>
#include <optional>
#include <utility>

#include "../core/uevent_waiter.h"
#include "values.h"

namespace fast_sysfs::glue {

// The waiting thread and the thread-safe function that it calls. The socket's object and the thread-safe function both
// own it. Whichever ends first (by `close`, garbage collection or the end of the environment) ends the thread, so that
// the thread never calls a function that was freed.
struct UeventListener {
  UeventWaiter waiter;
  // Empty before it is created and after it was finalized.
  std::optional<Napi::ThreadSafeFunction> function;

  // Called on the waiter's thread. The call fails if the environment is ending, which needs no handling.
  static void Wake(void* data) { static_cast<UeventListener*>(data)->function->NonBlockingCall(); }
};

namespace {

Napi::Value ReceivesUeventsFunction(const Napi::CallbackInfo& info) {
  return Napi::Boolean::New(info.Env(), ReceivesUevents());
}

}  // namespace

void UeventSocketWrap::Define(Napi::Env env, Napi::Object exports) {
  exports.Set(
      "UeventSocket",
      DefineClass(
          env, "UeventSocket",
          {InstanceMethod<&UeventSocketWrap::Open>("open"), InstanceMethod<&UeventSocketWrap::Drain>("drain"),
           InstanceMethod<&UeventSocketWrap::OverflowCount>("overflowCount"),
           InstanceMethod<&UeventSocketWrap::Listen>("listen"), InstanceMethod<&UeventSocketWrap::Ref>("ref"),
           InstanceMethod<&UeventSocketWrap::Unref>("unref"), InstanceMethod<&UeventSocketWrap::Close>("close")}));
  exports.Set("receivesUevents", Napi::Function::New<ReceivesUeventsFunction>(env, "receivesUevents"));
}

UeventSocketWrap::UeventSocketWrap(const Napi::CallbackInfo& info) : ObjectWrap(info) {}

// The waiter's thread uses the socket, so it ends first.
UeventSocketWrap::~UeventSocketWrap() { StopListening(); }

Napi::Value UeventSocketWrap::OnCalledAsFunction(const Napi::CallbackInfo& info) {
  throw Napi::TypeError::New(info.Env(), "a UeventSocket must be created with new");
}

// open(receiveBufferSize: number): 0 or an errno
Napi::Value UeventSocketWrap::Open(const Napi::CallbackInfo& info) {
  if (!info[0].IsNumber()) throw Napi::TypeError::New(info.Env(), "open takes a buffer size");
  const int32_t size = info[0].As<Napi::Number>().Int32Value();
  StopListening();
  return Napi::Number::New(info.Env(), socket_.Open(size));
}

// drain(): the queued messages, as bytes if they are not ASCII; undefined if there are none; or an errno
Napi::Value UeventSocketWrap::Drain(const Napi::CallbackInfo& info) {
  const int error = socket_.Drain();
  if (listener_ != nullptr) listener_->waiter.Arm();
  if (error != 0) return Napi::Number::New(info.Env(), error);
  const std::string& messages = socket_.messages();
  return messages.empty() ? info.Env().Undefined() : FromBytes(info.Env(), messages);
}

// overflowCount(): how many times messages were lost
Napi::Value UeventSocketWrap::OverflowCount(const Napi::CallbackInfo& info) {
  return Napi::Number::New(info.Env(), socket_.overflow_count());
}

// listen(callback: () => void): 0 or an errno
Napi::Value UeventSocketWrap::Listen(const Napi::CallbackInfo& info) {
  if (!info[0].IsFunction()) throw Napi::TypeError::New(info.Env(), "listen takes a function");
  StopListening();
  auto listener = std::make_shared<UeventListener>();
  auto owner = std::make_unique<std::shared_ptr<UeventListener>>(listener);
  const auto finalize = [](Napi::Env, std::shared_ptr<UeventListener>* data) {
    const std::unique_ptr<std::shared_ptr<UeventListener>> owner(data);
    (*owner)->waiter.Stop();
    (*owner)->function.reset();
  };
  listener->function = Napi::ThreadSafeFunction::New(info.Env(), info[0].As<Napi::Function>(), "fast-sysfs uevents", 0,
                                                     1, finalize, owner.get());
  static_cast<void>(owner.release());  // `finalize` deletes it
  const int error = listener->waiter.Start(socket_.number(), UeventListener::Wake, listener.get());
  listener_ = std::move(listener);
  if (error != 0) StopListening();
  return Napi::Number::New(info.Env(), error);
}

// ref(): lets listening keep the process alive.
void UeventSocketWrap::Ref(const Napi::CallbackInfo& info) {
  if (listener_ != nullptr && listener_->function) listener_->function->Ref(info.Env());
}

// unref(): lets the process end while listening.
void UeventSocketWrap::Unref(const Napi::CallbackInfo& info) {
  if (listener_ != nullptr && listener_->function) listener_->function->Unref(info.Env());
}

// close(): stops listening and closes the socket.
void UeventSocketWrap::Close(const Napi::CallbackInfo&) {
  StopListening();
  socket_.Close();
}

void UeventSocketWrap::StopListening() {
  if (listener_ == nullptr) return;
  listener_->waiter.Stop();
  if (listener_->function) listener_->function->Abort();
  listener_.reset();
}

}  // namespace fast_sysfs::glue
