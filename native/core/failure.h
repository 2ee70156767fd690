#ifndef FAST_SYSFS_FAILURE_H
#define FAST_SYSFS_FAILURE_H

#include <cerrno>
#include <string>

namespace fast_sysfs {

// A system call whose error ends the operation.
struct Failure {
  int error = 0;
  const char* syscall = "";
  std::string path;
};

// The device or attribute does not exist. It may have been removed after its directory was listed, which is normal with
// hot-unplug, so these errors are treated like an entry that was never listed.
inline bool IsGone(int error) {
  return error == ENOENT || error == ENODEV || error == ENXIO || error == ENOTDIR || error == ENAMETOOLONG;
}

// The process or the system ran out of a resource. No device causes these errors, and a result without the failed read
// would be wrong, not just incomplete.
inline bool IsResourceError(int error) { return error == EMFILE || error == ENFILE || error == ENOMEM; }

}  // namespace fast_sysfs

#endif
