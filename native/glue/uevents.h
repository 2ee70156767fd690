#ifndef FAST_SYSFS_GLUE_UEVENTS_H
#define FAST_SYSFS_GLUE_UEVENTS_H

#include <node_api.h>

namespace fast_sysfs::glue {

// Adds to the exports what hears the kernel's uevents: the class UeventSocket and `areUeventsHeardHere`. False where a
// call failed.
bool DefineUevents(napi_env env, napi_value exports);

}  // namespace fast_sysfs::glue

#endif
