#ifndef FAST_SYSFS_INSTANCE_H
#define FAST_SYSFS_INSTANCE_H

#include <napi.h>

#include <memory>
#include <vector>

#include "../core/executor.h"

namespace fast_sysfs::glue {

// The state of one loaded addon. A thread may load the addon more than once, and each loading has its own environment.
// The environment owns this and deletes it when it ends, after all asynchronous runs have completed.
struct Instance {
  // Makes all synchronous runs. Its result and failure are those of the last run.
  Executor executor;
  // Executors that no asynchronous run uses at the moment. They are kept to reuse their buffers.
  std::vector<std::unique_ptr<Executor>> idle_executors;
};

inline Instance& InstanceOf(Napi::Env env) { return *env.GetInstanceData<Instance>(); }

}  // namespace fast_sysfs::glue

#endif
