#ifndef FAST_SYSFS_GLUE_UEVENTS_H
#define FAST_SYSFS_GLUE_UEVENTS_H

#include <napi.h>

#include <memory>

#include "../core/uevents.h"

namespace fast_sysfs::glue {

struct UeventListener;

// The class UeventSocket of the addon.
class UeventSocketWrap final : public Napi::ObjectWrap<UeventSocketWrap> {
 public:
  // Adds the class and the function receivesUevents to the exports.
  static void Define(Napi::Env env, Napi::Object exports);

  // new UeventSocket()
  explicit UeventSocketWrap(const Napi::CallbackInfo& info);
  UeventSocketWrap(const UeventSocketWrap&) = delete;
  UeventSocketWrap& operator=(const UeventSocketWrap&) = delete;
  ~UeventSocketWrap() override;

  static Napi::Value OnCalledAsFunction(const Napi::CallbackInfo& info);

 private:
  Napi::Value Open(const Napi::CallbackInfo& info);
  Napi::Value Drain(const Napi::CallbackInfo& info);
  Napi::Value OverflowCount(const Napi::CallbackInfo& info);
  Napi::Value Listen(const Napi::CallbackInfo& info);
  void Ref(const Napi::CallbackInfo& info);
  void Unref(const Napi::CallbackInfo& info);
  void Close(const Napi::CallbackInfo& info);
  void StopListening();

  UeventSocket socket_;
  std::shared_ptr<UeventListener> listener_;
};

}  // namespace fast_sysfs::glue

#endif
