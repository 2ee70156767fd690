#include "sampler.h"

#include <cerrno>
#include <iterator>
#include <memory>
#include <new>
#include <string>
#include <vector>

#include "../core/attribute_sampler.h"
#include "../core/diskstats_sampler.h"
#include "values.h"

namespace fast_sysfs::glue {

namespace {

// More would be no attribute's.
constexpr uint32_t kMostColumns = 1024;

// Texts that JavaScript joined, each followed by a NUL.
bool TextsOf(napi_env env, napi_value value, std::vector<std::string>& texts) {
  std::string joined;
  if (!TextOf(env, value, joined)) return false;
  for (size_t start = 0; start < joined.size();) {
    const size_t end = joined.find('\0', start);
    if (end == std::string::npos) return false;
    texts.push_back(joined.substr(start, end - start));
    start = end + 1;
  }
  return true;
}

bool AttributesOf(napi_env env, napi_value paths, napi_value columns, std::vector<SampledAttribute>& attributes) {
  std::vector<std::string> texts;
  size_t count = 0;
  void* memory = nullptr;
  if (!TextsOf(env, paths, texts) || !IsTypedArray(env, columns, napi_uint32_array, count, memory) ||
      count != texts.size()) {
    return false;
  }
  for (size_t i = 0; i < count; i++) {
    const uint32_t width = static_cast<const uint32_t*>(memory)[i];
    if (width == 0 || width > kMostColumns) return false;
    attributes.push_back({std::move(texts[i]), width});
  }
  return true;
}

// What a constructor was called with, or false and an exception.
template <size_t kCount>
bool ConstructorArguments(napi_env env, napi_callback_info info, napi_value (&arguments)[kCount], napi_value& self) {
  size_t count = kCount;
  napi_value target = nullptr;
  if (napi_get_cb_info(env, info, &count, arguments, &self, nullptr) != napi_ok ||
      napi_get_new_target(env, info, &target) != napi_ok) {
    return false;
  }
  if (target != nullptr && count == kCount) return true;
  Throw(env, target == nullptr ? "a sampler is made with new" : "a sampler takes more arguments");
  return false;
}

napi_value Wrap(napi_env env, napi_value self, std::unique_ptr<Sampler> sampler) {
  const auto finalize = [](napi_env, void* data, void*) { delete static_cast<Sampler*>(data); };
  if (napi_wrap(env, self, sampler.get(), finalize, nullptr, nullptr) != napi_ok) return nullptr;
  sampler.release();
  return self;
}

// new AttributeSampler(directory: string, names: string, attributes: string, columns: Uint32Array, mostHeld: number)
napi_value MakeAttributeSampler(napi_env env, napi_callback_info info) {
  napi_value arguments[5];
  napi_value self = nullptr;
  if (!ConstructorArguments(env, info, arguments, self)) return nullptr;
  std::string directory;
  std::vector<std::string> names;
  std::vector<SampledAttribute> attributes;
  uint32_t most_held = 0;
  if (!TextOf(env, arguments[0], directory) || !TextsOf(env, arguments[1], names) ||
      !AttributesOf(env, arguments[2], arguments[3], attributes) ||
      napi_get_value_uint32(env, arguments[4], &most_held) != napi_ok) {
    return Throw(env, "takes a directory, names, attributes, their columns and a number of descriptors");
  }
  return Wrap(env, self, std::make_unique<AttributeSampler>(directory, names, attributes, most_held));
}

// new DiskstatsSampler(directory: string, names: string, file: string)
napi_value MakeDiskstatsSampler(napi_env env, napi_callback_info info) {
  napi_value arguments[3];
  napi_value self = nullptr;
  if (!ConstructorArguments(env, info, arguments, self)) return nullptr;
  std::string directory;
  std::vector<std::string> names;
  std::string file;
  if (!TextOf(env, arguments[0], directory) || !TextsOf(env, arguments[1], names) || !TextOf(env, arguments[2], file)) {
    return Throw(env, "takes a directory, names and a file");
  }
  return Wrap(env, self, std::make_unique<DiskstatsSampler>(directory, names, file));
}

// Node-API itself refuses a method on what is not of its class.
Sampler* SamplerOf(napi_env env, napi_callback_info info, napi_value* argument) {
  size_t count = argument == nullptr ? 0 : 1;
  napi_value self = nullptr;
  void* wrapped = nullptr;
  if (napi_get_cb_info(env, info, &count, argument, &self, nullptr) != napi_ok) return nullptr;
  if (napi_unwrap(env, self, &wrapped) != napi_ok) Throw(env, "not a sampler");
  return static_cast<Sampler*>(wrapped);
}

// open(): 0, or the errno of a failure
napi_value Open(napi_env env, napi_callback_info info) {
  Sampler* const sampler = SamplerOf(env, info, nullptr);
  if (sampler == nullptr) return nullptr;
  return NumberToJs(env, sampler->Open() ? 0 : sampler->failure().error);
}

// sample(cells: Float64Array): how many devices vanished since the last time, or the negative errno of a failure
napi_value Sample(napi_env env, napi_callback_info info) {
  napi_value cells = nullptr;
  Sampler* const sampler = SamplerOf(env, info, &cells);
  if (sampler == nullptr) return nullptr;
  size_t size = 0;
  void* memory = nullptr;
  if (!IsTypedArray(env, cells, napi_float64_array, size, memory) || size != sampler->cell_count()) {
    return Throw(env, "cells must be a Float64Array of the sampler's size");
  }
  if (!sampler->Sample(static_cast<double*>(memory))) return NumberToJs(env, -sampler->failure().error);
  return NumberToJs(env, static_cast<int>(sampler->vanished_count()));
}

// held(): how many descriptors are open
napi_value Held(napi_env env, napi_callback_info info) {
  const Sampler* const sampler = SamplerOf(env, info, nullptr);
  return sampler == nullptr ? nullptr : NumberToJs(env, static_cast<int>(sampler->held()));
}

// failure(): [syscall, path] of the last failure
napi_value LastFailure(napi_env env, napi_callback_info info) {
  const Sampler* const sampler = SamplerOf(env, info, nullptr);
  return sampler == nullptr ? nullptr : FailureToJs(env, sampler->failure());
}

// close(): closes the descriptors; from then on nothing is there
napi_value Close(napi_env env, napi_callback_info info) {
  Sampler* const sampler = SamplerOf(env, info, nullptr);
  if (sampler != nullptr) sampler->Close();
  return nullptr;
}

bool DefineSampler(napi_env env, napi_value exports, const char* name, napi_callback constructor) {
  const napi_property_descriptor methods[] = {
      {"open", nullptr, Guarded<Open>, nullptr, nullptr, nullptr, napi_default, nullptr},
      {"sample", nullptr, Guarded<Sample>, nullptr, nullptr, nullptr, napi_default, nullptr},
      {"held", nullptr, Guarded<Held>, nullptr, nullptr, nullptr, napi_default, nullptr},
      {"failure", nullptr, Guarded<LastFailure>, nullptr, nullptr, nullptr, napi_default, nullptr},
      {"close", nullptr, Guarded<Close>, nullptr, nullptr, nullptr, napi_default, nullptr},
  };
  napi_value defined = nullptr;
  return napi_define_class(env, name, NAPI_AUTO_LENGTH, constructor, nullptr, std::size(methods), methods, &defined) ==
             napi_ok &&
         napi_set_named_property(env, exports, name, defined) == napi_ok;
}

}  // namespace

bool DefineSamplers(napi_env env, napi_value exports) {
  return DefineSampler(env, exports, "AttributeSampler", Guarded<MakeAttributeSampler>) &&
         DefineSampler(env, exports, "DiskstatsSampler", Guarded<MakeDiskstatsSampler>);
}

}  // namespace fast_sysfs::glue
