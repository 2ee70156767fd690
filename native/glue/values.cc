#include "values.h"

#include "../core/bytes.h"

namespace fast_sysfs::glue {

Napi::Value FromBytes(Napi::Env env, const std::string& bytes) {
  if (IsAscii(bytes)) return Napi::String::New(env, bytes);
  return Napi::Buffer<char>::Copy(env, bytes.data(), bytes.size());
}

Napi::Array FromFailure(Napi::Env env, const Failure& failure) {
  Napi::Array parts = Napi::Array::New(env, 2);
  parts.Set(0U, Napi::String::New(env, failure.syscall));
  parts.Set(1U, FromBytes(env, failure.path));
  return parts;
}

bool ToText(Napi::Value value, std::string& text) {
  if (!value.IsString()) return false;
  text = value.As<Napi::String>().Utf8Value();
  return true;
}

bool ToUint32(Napi::Value value, uint32_t& number) {
  if (!value.IsNumber()) return false;
  number = value.As<Napi::Number>().Uint32Value();
  return true;
}

}  // namespace fast_sysfs::glue
