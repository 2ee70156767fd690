#ifndef FAST_SYSFS_PREPARED_PROGRAM_H
#define FAST_SYSFS_PREPARED_PROGRAM_H

#include <node_api.h>

namespace fast_sysfs::glue {

// Adds to the exports what runs queries: the class PreparedProgram, `deliver` and `failure`. False where a call failed.
bool DefinePreparedProgram(napi_env env, napi_value exports);

}  // namespace fast_sysfs::glue

#endif
