#ifndef FAST_SYSFS_VALUES_H
#define FAST_SYSFS_VALUES_H

#include <node_api.h>

#include <cstddef>
#include <exception>
#include <string>

#include "../core/failure.h"

// What every part of the glue does with JavaScript's values. All is on Node-API itself: the C++ wrappers of
// node-addon-api abort the process where a call fails, and any may fail while a worker thread is being terminated. Here
// a call that fails just ends the function; an exception is then pending, or the thread is going away.

namespace fast_sysfs::glue {

// Throws a TypeError and returns null, for what a function returns then.
napi_value Throw(napi_env env, const char* message);

// Runs a function that may be out of memory: no C++ exception leaves the addon.
template <napi_value (*Function)(napi_env, napi_callback_info)>
napi_value Guarded(napi_env env, napi_callback_info info) {
  try {
    return Function(env, info);
  } catch (const std::exception& error) {
    napi_throw_error(env, "ENOMEM", error.what());
    return nullptr;
  }
}

// False where the value is no string.
bool TextOf(napi_env env, napi_value value, std::string& text);

// A string where the bytes are ASCII, else a Buffer.
napi_value BytesToJs(napi_env env, const std::string& bytes);

napi_value NumberToJs(napi_env env, int number);

// [syscall, path]
napi_value FailureToJs(napi_env env, const Failure& failure);

// `size` is the number of elements.
bool IsTypedArray(napi_env env, napi_value value, napi_typedarray_type wanted, size_t& size, void*& memory);

}  // namespace fast_sysfs::glue

#endif
