#ifndef FAST_SYSFS_GLUE_SAMPLER_H
#define FAST_SYSFS_GLUE_SAMPLER_H

#include <node_api.h>

namespace fast_sysfs::glue {

// Adds to the exports the classes AttributeSampler and DiskstatsSampler. False where a call failed.
bool DefineSamplers(napi_env env, napi_value exports);

}  // namespace fast_sysfs::glue

#endif
