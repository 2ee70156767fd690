#include "uevents.h"

#include <iterator>
#include <memory>

#include "../core/uevent_waiter.h"
#include "../core/uevents.h"
#include "values.h"

namespace fast_sysfs::glue {

namespace {

// The waiter's thread and the function that it has called on the thread of JavaScript. Both the socket and the function
// own it: whichever ends first, be it by `close`, by garbage collection or with the environment, ends the thread, and
// so no call is made of a function that is gone.
struct Listener {
  UeventWaiter waiter;
  napi_threadsafe_function function = nullptr;

  static void Wake(void* data) {
    auto* listener = static_cast<Listener*>(data);
    // Fails where the environment is ending, which is nothing to tell anybody.
    napi_call_threadsafe_function(listener->function, nullptr, napi_tsfn_nonblocking);
  }
};

// What JavaScript calls a UeventSocket.
struct Socket {
  UeventSocket socket;
  std::shared_ptr<Listener> listener;

  // The listener reads the socket: it ends before it.
  ~Socket() { StopListening(); }

  void StopListening() {
    if (listener == nullptr) return;
    listener->waiter.Stop();
    if (listener->function != nullptr) napi_release_threadsafe_function(listener->function, napi_tsfn_abort);
    listener.reset();
  }
};

// The wrapped socket and the first argument; null, with an exception thrown, where `this` is none.
Socket* SocketOf(napi_env env, napi_callback_info info, napi_value* argument) {
  napi_value self = nullptr;
  size_t count = argument == nullptr ? 0 : 1;
  void* wrapped = nullptr;
  if (napi_get_cb_info(env, info, &count, argument, &self, nullptr) != napi_ok) return nullptr;
  if (napi_unwrap(env, self, &wrapped) != napi_ok) {
    Throw(env, "not a UeventSocket");
    return nullptr;
  }
  return static_cast<Socket*>(wrapped);
}

// new UeventSocket()
napi_value Construct(napi_env env, napi_callback_info info) {
  napi_value self = nullptr;
  napi_value target = nullptr;
  if (napi_get_cb_info(env, info, nullptr, nullptr, &self, nullptr) != napi_ok ||
      napi_get_new_target(env, info, &target) != napi_ok) {
    return nullptr;
  }
  if (target == nullptr) return Throw(env, "a UeventSocket is made with new");
  auto socket = std::make_unique<Socket>();
  const auto finalize = [](napi_env, void* data, void*) { delete static_cast<Socket*>(data); };
  if (napi_wrap(env, self, socket.get(), finalize, nullptr, nullptr) != napi_ok) return nullptr;
  socket.release();
  return self;
}

// open(receiveBufferSize: number): 0 or an errno
napi_value Open(napi_env env, napi_callback_info info) {
  napi_value size_argument = nullptr;
  Socket* socket = SocketOf(env, info, &size_argument);
  if (socket == nullptr) return nullptr;
  int32_t size = 0;
  if (napi_get_value_int32(env, size_argument, &size) != napi_ok) return Throw(env, "takes a size");
  socket->StopListening();
  return NumberToJs(env, socket->socket.Open(size));
}

// drain(): undefined where nothing was there, else the messages, as bytes where they are not ASCII; or an errno
napi_value Drain(napi_env env, napi_callback_info info) {
  Socket* socket = SocketOf(env, info, nullptr);
  if (socket == nullptr) return nullptr;
  const int error = socket->socket.Drain();
  if (socket->listener != nullptr) socket->listener->waiter.Arm();
  if (error != 0) return NumberToJs(env, error);
  const std::string& messages = socket->socket.messages();
  return messages.empty() ? nullptr : BytesToJs(env, messages);
}

// overflowCount(): how often messages were lost
napi_value OverflowCount(napi_env env, napi_callback_info info) {
  const Socket* socket = SocketOf(env, info, nullptr);
  if (socket == nullptr) return nullptr;
  napi_value count = nullptr;
  napi_create_uint32(env, socket->socket.overflow_count(), &count);
  return count;
}

// listen(callback: () => void): 0 or an errno
napi_value Listen(napi_env env, napi_callback_info info) {
  napi_value callback = nullptr;
  Socket* socket = SocketOf(env, info, &callback);
  if (socket == nullptr) return nullptr;
  napi_valuetype type = napi_undefined;
  if (napi_typeof(env, callback, &type) != napi_ok || type != napi_function) return Throw(env, "takes a function");
  socket->StopListening();

  napi_value name = nullptr;
  if (napi_create_string_latin1(env, "fast-sysfs uevents", NAPI_AUTO_LENGTH, &name) != napi_ok) return nullptr;
  auto listener = std::make_shared<Listener>();
  auto owner = std::make_unique<std::shared_ptr<Listener>>(listener);
  const auto finalize = [](napi_env, void* data, void*) {
    const std::unique_ptr<std::shared_ptr<Listener>> owner(static_cast<std::shared_ptr<Listener>*>(data));
    (*owner)->waiter.Stop();
    (*owner)->function = nullptr;
  };
  if (napi_create_threadsafe_function(env, callback, nullptr, name, 0, 1, owner.get(), finalize, nullptr, nullptr,
                                      &listener->function) != napi_ok) {
    return nullptr;
  }
  owner.release();
  const int error = listener->waiter.Start(socket->socket.number(), Listener::Wake, listener.get());
  socket->listener = std::move(listener);
  if (error != 0) socket->StopListening();
  return NumberToJs(env, error);
}

// ref(), unref(): whether listening keeps the process alive
template <bool kKeepsAlive>
napi_value ChangeReference(napi_env env, napi_callback_info info) {
  const Socket* socket = SocketOf(env, info, nullptr);
  if (socket == nullptr || socket->listener == nullptr || socket->listener->function == nullptr) return nullptr;
  if (kKeepsAlive) {
    napi_ref_threadsafe_function(env, socket->listener->function);
  } else {
    napi_unref_threadsafe_function(env, socket->listener->function);
  }
  return nullptr;
}

napi_value Close(napi_env env, napi_callback_info info) {
  Socket* socket = SocketOf(env, info, nullptr);
  if (socket == nullptr) return nullptr;
  socket->StopListening();
  socket->socket.Close();
  return nullptr;
}

napi_value AreUeventsHeard(napi_env env, napi_callback_info) {
  napi_value heard = nullptr;
  napi_get_boolean(env, AreUeventsHeardHere(), &heard);
  return heard;
}

napi_property_descriptor Method(const char* name, napi_callback function) {
  return {name, nullptr, function, nullptr, nullptr, nullptr, napi_default, nullptr};
}

}  // namespace

bool DefineUevents(napi_env env, napi_value exports) {
  const napi_property_descriptor methods[] = {
      Method("open", Guarded<Open>),
      Method("drain", Guarded<Drain>),
      Method("overflowCount", Guarded<OverflowCount>),
      Method("listen", Guarded<Listen>),
      Method("ref", Guarded<ChangeReference<true>>),
      Method("unref", Guarded<ChangeReference<false>>),
      Method("close", Guarded<Close>),
  };
  napi_value socket = nullptr;
  if (napi_define_class(env, "UeventSocket", NAPI_AUTO_LENGTH, Guarded<Construct>, nullptr, std::size(methods), methods,
                        &socket) != napi_ok) {
    return false;
  }
  const napi_property_descriptor properties[] = {
      {"UeventSocket", nullptr, nullptr, nullptr, nullptr, socket, napi_enumerable, nullptr},
      {"areUeventsHeardHere", nullptr, Guarded<AreUeventsHeard>, nullptr, nullptr, nullptr, napi_enumerable, nullptr},
  };
  return napi_define_properties(env, exports, std::size(properties), properties) == napi_ok;
}

}  // namespace fast_sysfs::glue
