// The glue between lib/executor/native.ts and the core. It knows no sysfs; the core knows no JavaScript.

#include <napi.h>

#include <memory>
#include <new>
#include <string>
#include <vector>

#include "core/bytes.h"
#include "core/executor.h"
#include "core/program.h"

namespace {

using fast_sysfs::Executor;
using fast_sysfs::Program;
using fast_sysfs::Result;
using fast_sysfs::Roots;

// What one thread's JavaScript has of the addon.
struct Instance {
  Executor executor;
  Napi::FunctionReference prepared_class;
  // Where results' cells go: an array that JavaScript made and reads.
  Napi::Reference<Napi::Float64Array> cells;

  // Writes how many cells the last result has and how much was unreadable, then the cells where they fit.
  void Deliver(napi_env env) {
    constexpr size_t kHeader = 2;
    // Asked anew every time: JavaScript may have detached or shrunk the memory.
    napi_value array = nullptr;
    size_t capacity = 0;
    void* memory = nullptr;
    if (cells.IsEmpty() || napi_get_reference_value(env, cells, &array) != napi_ok ||
        napi_get_typedarray_info(env, array, nullptr, &capacity, &memory, nullptr, nullptr) != napi_ok ||
        capacity < kHeader || memory == nullptr) {
      return;
    }
    const Result& result = executor.result();
    auto* numbers = static_cast<double*>(memory);
    numbers[0] = static_cast<double>(result.cells.size());
    numbers[1] = static_cast<double>(result.unreadable_count);
    if (result.cells.size() + kHeader > capacity) return;
    std::copy(result.cells.begin(), result.cells.end(), numbers + kHeader);
  }
};

Napi::Value BytesToJs(Napi::Env env, const std::string& bytes) {
  if (!fast_sysfs::IsAscii(bytes)) return Napi::Buffer<char>::Copy(env, bytes.data(), bytes.size());
  napi_value text = nullptr;
  if (napi_create_string_latin1(env, bytes.data(), bytes.size(), &text) != napi_ok) return env.Undefined();
  return Napi::Value(env, text);
}

std::string BytesFromJs(const Napi::Value& value) { return value.As<Napi::String>().Utf8Value(); }

class PreparedProgram : public Napi::ObjectWrap<PreparedProgram> {
 public:
  static Napi::Function Define(Napi::Env env) {
    return DefineClass(env, "PreparedProgram", {InstanceMethod<&PreparedProgram::Run>("run")});
  }

  // (program: Uint8Array, sys: string, dev: string, root: string)
  explicit PreparedProgram(const Napi::CallbackInfo& info) : ObjectWrap(info) {
    const Napi::Env env = info.Env();
    if (info.Length() != 4 || !info[0].IsTypedArray() || !info[1].IsString() || !info[2].IsString() ||
        !info[3].IsString() || info[0].As<Napi::TypedArray>().TypedArrayType() != napi_uint8_array) {
      Napi::TypeError::New(env, "takes a program and three directories").ThrowAsJavaScriptException();
      return;
    }
    try {
      const auto bytes = info[0].As<Napi::Uint8Array>();
      program_ = Program::Decode(bytes.Data(), bytes.ByteLength());
      roots_ = {BytesFromJs(info[1]), BytesFromJs(info[2]), BytesFromJs(info[3])};
    } catch (const std::bad_alloc&) {
      program_ = nullptr;
    }
    if (program_ == nullptr) Napi::TypeError::New(env, "not a program").ThrowAsJavaScriptException();
  }

  // (limit: number, ...parameters: string[]) => the result's text, as bytes where it is not ASCII, with its cells
  // delivered; or the errno of a failure, which `failure()` tells more of.
  Napi::Value Run(const Napi::CallbackInfo& info) {
    const Napi::Env env = info.Env();
    auto* instance = env.GetInstanceData<Instance>();
    if (program_ == nullptr || info.Length() != program_->parameter_count + 1 || !info[0].IsNumber()) {
      Napi::TypeError::New(env, "takes a limit and the program's parameters").ThrowAsJavaScriptException();
      return env.Undefined();
    }
    try {
      parameters_.resize(program_->parameter_count);
      for (size_t i = 0; i < parameters_.size(); i++) {
        if (!info[i + 1].IsString()) {
          Napi::TypeError::New(env, "a parameter must be a string").ThrowAsJavaScriptException();
          return env.Undefined();
        }
        parameters_[i] = BytesFromJs(info[i + 1]);
      }
      const uint32_t limit = info[0].As<Napi::Number>().Uint32Value();
      Executor& executor = instance->executor;
      if (!executor.Run(*program_, roots_, parameters_, limit)) {
        return Napi::Number::New(env, executor.failure().error);
      }
      instance->Deliver(env);
      return BytesToJs(env, executor.result().text);
    } catch (const std::bad_alloc&) {
      return Napi::Number::New(env, ENOMEM);
    }
  }

 private:
  std::unique_ptr<Program> program_;
  Roots roots_;
  std::vector<std::string> parameters_;
};

// (cells: Float64Array): where results' cells go from now on; also the last result's, which did not fit before.
void Attach(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  if (info.Length() != 1 || !info[0].IsTypedArray() ||
      info[0].As<Napi::TypedArray>().TypedArrayType() != napi_float64_array ||
      info[0].As<Napi::TypedArray>().ElementLength() < 2) {
    Napi::TypeError::New(env, "takes a Float64Array of two or more").ThrowAsJavaScriptException();
    return;
  }
  auto* instance = env.GetInstanceData<Instance>();
  instance->cells = Napi::Persistent(info[0].As<Napi::Float64Array>());
  instance->Deliver(env);
}

// () => [syscall, path] of the last failure
Napi::Value LastFailure(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  const fast_sysfs::Failure& failure = env.GetInstanceData<Instance>()->executor.failure();
  Napi::Array parts = Napi::Array::New(env, 2);
  parts.Set(0U, Napi::String::New(env, failure.syscall));
  parts.Set(1U, BytesToJs(env, failure.path));
  return parts;
}

Napi::Object Init(Napi::Env env, Napi::Object exports) {
  auto* instance = new (std::nothrow) Instance;
  if (instance == nullptr) return exports;
  env.SetInstanceData(instance);
  instance->prepared_class = Napi::Persistent(PreparedProgram::Define(env));
  exports.Set("PreparedProgram", instance->prepared_class.Value());
  exports.Set("attach", Napi::Function::New<Attach>(env, "attach"));
  exports.Set("failure", Napi::Function::New<LastFailure>(env, "failure"));
  return exports;
}

}  // namespace

NODE_API_MODULE(fast_sysfs, Init)
