#ifndef FAST_SYSFS_GLUE_SAMPLER_H
#define FAST_SYSFS_GLUE_SAMPLER_H

#include <napi.h>

namespace fast_sysfs::glue {

// Adds the classes AttributeSampler and DiskstatsSampler to the exports.
void DefineSamplers(Napi::Env env, Napi::Object exports);

}  // namespace fast_sysfs::glue

#endif
