#include "sampler.h"

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "../core/attribute_sampler.h"
#include "../core/diskstats_sampler.h"
#include "values.h"

namespace fast_sysfs::glue {

namespace {

// No attribute has more numbers.
constexpr uint32_t kMaxColumns = 1024;

// Splits a string in which each text is followed by a NUL. Returns false if the value is not such a string.
bool ToTexts(Napi::Value value, std::vector<std::string>& texts) {
  std::string joined;
  if (!ToText(value, joined)) return false;
  for (size_t start = 0; start < joined.size();) {
    const size_t end = joined.find('\0', start);
    if (end == std::string::npos) return false;
    texts.push_back(joined.substr(start, end - start));
    start = end + 1;
  }
  return true;
}

// Returns false if the paths and the numbers of columns are not valid or differ in length.
bool ToAttributes(Napi::Value paths, Napi::Value columns, std::vector<SampledAttribute>& attributes) {
  std::vector<std::string> texts;
  Elements<uint32_t> widths;
  if (!ToTexts(paths, texts) || !ToElements(columns, widths) || widths.count != texts.size()) return false;
  for (size_t i = 0; i < widths.count; i++) {
    const uint32_t width = widths.data[i];
    if (width == 0 || width > kMaxColumns) return false;
    attributes.push_back({std::move(texts[i]), width});
  }
  return true;
}

// new AttributeSampler(directory: string, names: string, attributes: string, columns: Uint32Array, mostHeld: number)
std::unique_ptr<Sampler> CreateAttributeSampler(const Napi::CallbackInfo& info) {
  std::string directory;
  std::vector<std::string> names;
  std::vector<SampledAttribute> attributes;
  uint32_t max_open_files = 0;
  if (!ToText(info[0], directory) || !ToTexts(info[1], names) || !ToAttributes(info[2], info[3], attributes) ||
      !ToUint32(info[4], max_open_files)) {
    throw Napi::TypeError::New(
        info.Env(), "AttributeSampler takes a directory, names, attributes, their columns and a number of open files");
  }
  return std::make_unique<AttributeSampler>(directory, names, attributes, max_open_files);
}

// new DiskstatsSampler(directory: string, names: string, file: string)
std::unique_ptr<Sampler> CreateDiskstatsSampler(const Napi::CallbackInfo& info) {
  std::string directory;
  std::vector<std::string> names;
  std::string file;
  if (!ToText(info[0], directory) || !ToTexts(info[1], names) || !ToText(info[2], file)) {
    throw Napi::TypeError::New(info.Env(), "DiskstatsSampler takes a directory, names and a file");
  }
  return std::make_unique<DiskstatsSampler>(directory, names, file);
}

// One class of the addon per function that creates the sampler.
template <std::unique_ptr<Sampler> (*kCreate)(const Napi::CallbackInfo&)>
class SamplerWrap final : public Napi::ObjectWrap<SamplerWrap<kCreate>> {
 public:
  static void Define(Napi::Env env, Napi::Object exports, const char* name) {
    exports.Set(
        name, SamplerWrap::DefineClass(env, name,
                                       {SamplerWrap::template InstanceMethod<&SamplerWrap::Open>("open"),
                                        SamplerWrap::template InstanceMethod<&SamplerWrap::Sample>("sample"),
                                        SamplerWrap::template InstanceMethod<&SamplerWrap::Held>("held"),
                                        SamplerWrap::template InstanceMethod<&SamplerWrap::LastFailure>("lastFailure"),
                                        SamplerWrap::template InstanceMethod<&SamplerWrap::Close>("close")}));
  }

  explicit SamplerWrap(const Napi::CallbackInfo& info) : Napi::ObjectWrap<SamplerWrap>(info), sampler_(kCreate(info)) {}

  static Napi::Value OnCalledAsFunction(const Napi::CallbackInfo& info) {
    throw Napi::TypeError::New(info.Env(), "a sampler must be created with new");
  }

 private:
  // open(): 0 or an errno
  Napi::Value Open(const Napi::CallbackInfo& info) {
    return Napi::Number::New(info.Env(), sampler_->Open() ? 0 : sampler_->failure().error);
  }

  // sample(cells: Float64Array): the number of devices removed since the last sample, or a negative errno
  Napi::Value Sample(const Napi::CallbackInfo& info) {
    Elements<double> cells;
    if (!ToElements(info[0], cells) || cells.count != sampler_->cell_count()) {
      throw Napi::TypeError::New(info.Env(), "cells must be a Float64Array of the sampler's size");
    }
    if (!sampler_->Sample(cells.data)) return Napi::Number::New(info.Env(), -sampler_->failure().error);
    return Napi::Number::New(info.Env(), static_cast<double>(sampler_->removed_count()));
  }

  // held(): the number of open descriptors
  Napi::Value Held(const Napi::CallbackInfo& info) {
    return Napi::Number::New(info.Env(), static_cast<double>(sampler_->open_count()));
  }

  // lastFailure(): [syscall, path] of the last failure
  Napi::Value LastFailure(const Napi::CallbackInfo& info) { return FromFailure(info.Env(), sampler_->failure()); }

  // close(): closes all descriptors. Later samples have no numbers.
  void Close(const Napi::CallbackInfo&) { sampler_->Close(); }

  std::unique_ptr<fast_sysfs::Sampler> sampler_;
};

}  // namespace

void DefineSamplers(Napi::Env env, Napi::Object exports) {
  SamplerWrap<CreateAttributeSampler>::Define(env, exports, "AttributeSampler");
  SamplerWrap<CreateDiskstatsSampler>::Define(env, exports, "DiskstatsSampler");
}

}  // namespace fast_sysfs::glue
