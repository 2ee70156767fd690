#ifndef FAST_SYSFS_FAILURE_H
#define FAST_SYSFS_FAILURE_H

#include <cerrno>
#include <string>

namespace fast_sysfs {

// What the process, not a device, was refused.
struct Failure {
  int error = 0;
  const char* syscall = "";
  std::string path;
};

// Hot-unplug is normal life: what went away between listing and reading is as if it had not been there.
inline bool IsGone(int error) {
  return error == ENOENT || error == ENODEV || error == ENXIO || error == ENOTDIR || error == ENAMETOOLONG;
}

// Nothing a device can cause: the answer would be wrong, not just incomplete.
inline bool IsProcessTrouble(int error) { return error == EMFILE || error == ENFILE || error == ENOMEM; }

}  // namespace fast_sysfs

#endif
