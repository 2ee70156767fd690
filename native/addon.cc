// What the addon exports: see Addon in lib/executor/addon.ts. The glue, which is the rest of it, knows no sysfs; the
// core knows no JavaScript.

#include <node_api.h>

#include <exception>

#include "glue/flight.h"
#include "glue/prepared_program.h"
#include "glue/sampler.h"
#include "glue/uevents.h"

NAPI_MODULE_INIT() {
  try {
    using namespace fast_sysfs::glue;
    const bool is_defined = DefinePreparedProgram(env, exports) && DefineFlight(env, exports) &&
                            DefineSamplers(env, exports) && DefineUevents(env, exports);
    return is_defined ? exports : nullptr;
  } catch (const std::exception& error) {
    napi_throw_error(env, "ENOMEM", error.what());
    return nullptr;
  }
}
