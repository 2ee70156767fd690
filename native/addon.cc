// The exports of the addon: see Addon in lib/executor/addon.ts. The core uses no JavaScript, and the glue makes no
// system calls.

#include <napi.h>

#include "core/program.h"
#include "glue/async_run.h"
#include "glue/instance.h"
#include "glue/prepared_program.h"
#include "glue/sampler.h"
#include "glue/uevents.h"
#include "glue/values.h"

namespace fast_sysfs::glue {

namespace {

// programKinds: the names of the kinds in an encoded program. The index of a name is the number that encodes the kind.
Napi::Object ProgramKinds(Napi::Env env) {
  Napi::Object kinds = Napi::Object::New(env);
  kinds.Set("tokens", FromNames(env, Token::kKindNames));
  kinds.Set("readings", FromNames(env, Reading::kKindNames));
  kinds.Set("conditions", FromNames(env, Condition::kKindNames));
  return kinds;
}

Napi::Object Initialize(Napi::Env env, Napi::Object exports) {
  env.SetInstanceData(new Instance);
  exports.Set("programKinds", ProgramKinds(env));
  PreparedProgramWrap::Define(env, exports);
  AsyncRunWrap::Define(env, exports);
  DefineSamplers(env, exports);
  UeventSocketWrap::Define(env, exports);
  return exports;
}

}  // namespace

NODE_API_MODULE(fast_sysfs, Initialize)

}  // namespace fast_sysfs::glue
