#include "values.h"

#include "../core/bytes.h"

namespace fast_sysfs::glue {

napi_value Throw(napi_env env, const char* message) {
  napi_throw_type_error(env, nullptr, message);
  return nullptr;
}

bool TextOf(napi_env env, napi_value value, std::string& text) {
  char buffer[256];
  size_t size = 0;
  if (napi_get_value_string_utf8(env, value, buffer, sizeof buffer, &size) != napi_ok) return false;
  // A character of several bytes that no longer fits is left out whole, so a full text may be a little shorter.
  if (size < sizeof buffer - 4) {
    text.assign(buffer, size);
    return true;
  }
  if (napi_get_value_string_utf8(env, value, nullptr, 0, &size) != napi_ok) return false;
  text.resize(size + 1);
  if (napi_get_value_string_utf8(env, value, text.data(), text.size(), &size) != napi_ok) return false;
  text.resize(size);
  return true;
}

napi_value BytesToJs(napi_env env, const std::string& bytes) {
  napi_value value = nullptr;
  if (IsAscii(bytes)) {
    napi_create_string_latin1(env, bytes.data(), bytes.size(), &value);
  } else {
    napi_create_buffer_copy(env, bytes.size(), bytes.data(), nullptr, &value);
  }
  return value;
}

napi_value NumberToJs(napi_env env, int number) {
  napi_value value = nullptr;
  napi_create_int32(env, number, &value);
  return value;
}

napi_value FailureToJs(napi_env env, const Failure& failure) {
  napi_value parts = nullptr;
  napi_value syscall = nullptr;
  if (napi_create_array_with_length(env, 2, &parts) != napi_ok ||
      napi_create_string_latin1(env, failure.syscall, NAPI_AUTO_LENGTH, &syscall) != napi_ok ||
      napi_set_element(env, parts, 0, syscall) != napi_ok) {
    return nullptr;
  }
  const napi_value path = BytesToJs(env, failure.path);
  return path != nullptr && napi_set_element(env, parts, 1, path) == napi_ok ? parts : nullptr;
}

bool IsTypedArray(napi_env env, napi_value value, napi_typedarray_type wanted, size_t& size, void*& memory) {
  bool is_typed_array = false;
  napi_typedarray_type type;
  return napi_is_typedarray(env, value, &is_typed_array) == napi_ok && is_typed_array &&
         napi_get_typedarray_info(env, value, &type, &size, &memory, nullptr, nullptr) == napi_ok && type == wanted;
}

}  // namespace fast_sysfs::glue
