#ifndef FAST_SYSFS_GLUE_FLIGHT_H
#define FAST_SYSFS_GLUE_FLIGHT_H

#include <node_api.h>

namespace fast_sysfs::glue {

// Adds to the exports what runs queries on Node's thread pool: the class Flight. False where a call failed.
bool DefineFlight(napi_env env, napi_value exports);

}  // namespace fast_sysfs::glue

#endif
