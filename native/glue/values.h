#ifndef FAST_SYSFS_VALUES_H
#define FAST_SYSFS_VALUES_H

#include <napi.h>

#include <cstddef>
#include <cstdint>
#include <string>

#include "../core/failure.h"

// Conversions between JavaScript values and the core's types. Every function may throw a Napi::Error. node-addon-api
// turns it into a JavaScript exception at the end of the call, or drops it if the environment is being terminated.

namespace fast_sysfs::glue {

// The bytes as a string if they are ASCII, else as a Buffer.
Napi::Value FromBytes(Napi::Env env, const std::string& bytes);

// [syscall, path]
Napi::Array FromFailure(Napi::Env env, const Failure& failure);

// An array of strings.
template <size_t kCount>
Napi::Array FromNames(Napi::Env env, const char* const (&names)[kCount]) {
  Napi::Array array = Napi::Array::New(env, kCount);
  for (size_t i = 0; i < kCount; i++) array.Set(static_cast<uint32_t>(i), Napi::String::New(env, names[i]));
  return array;
}

// Returns false if the value is not a string.
bool ToText(Napi::Value value, std::string& text);

// Returns false if the value is not a number. Other numbers than unsigned 32-bit integers are converted as by `>>> 0`.
bool ToUint32(Napi::Value value, uint32_t& number);

// The elements of a typed array. They are valid until the next call into JavaScript.
template <typename Element>
struct Elements {
  Element* data = nullptr;
  size_t count = 0;
};

// The type of a typed array with these elements.
template <typename Element>
extern const napi_typedarray_type kArrayType;
template <>
inline constexpr napi_typedarray_type kArrayType<uint8_t> = napi_uint8_array;
template <>
inline constexpr napi_typedarray_type kArrayType<uint32_t> = napi_uint32_array;
template <>
inline constexpr napi_typedarray_type kArrayType<double> = napi_float64_array;

// Returns false if the value is not a typed array of this type. A detached array has no elements.
bool ToElementsOf(Napi::Value value, napi_typedarray_type type, void*& data, size_t& count);

template <typename Element>
bool ToElements(Napi::Value value, Elements<Element>& elements) {
  void* data = nullptr;
  if (!ToElementsOf(value, kArrayType<Element>, data, elements.count)) return false;
  elements.data = static_cast<Element*>(data);
  return true;
}

}  // namespace fast_sysfs::glue

#endif
