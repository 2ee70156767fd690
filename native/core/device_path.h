#ifndef FAST_SYSFS_DEVICE_PATH_H
#define FAST_SYSFS_DEVICE_PATH_H

#include <string>
#include <string_view>

#include "async_run.h"
#include "failure.h"

namespace fast_sysfs {

// The directories that stand for the machine's /sys, /dev and /, without a trailing slash.
struct Roots {
  std::string sys;
  std::string dev;
  std::string root;
};

struct ResolvedDevice {
  // The kernel name (sda, cciss!c0d0); empty if there is no such device.
  std::string name;
  // The node under /dev that the name was taken from; empty if it came from elsewhere. If no device has this name, the
  // node's device number identifies the device.
  std::string node;
};

// Resolves a device name or path to its kernel name. Symbolic links are followed one by one inside the root, as the
// machine itself resolves them, so an absolute link does not leave a container's /host. Returns false, with the
// failure, if a system call fails for a reason other than a missing device. `async_run` may be null; otherwise every
// system call is announced to it.
bool ResolveDevice(const Roots& roots, AsyncRun* async_run, std::string_view device, ResolvedDevice& resolved,
                   Failure& failure);

// The kernel name of a block device node, from the link /sys/dev/block/MAJOR:MINOR. Empty if the path is not a block
// device node.
bool DeviceOfNode(const Roots& roots, AsyncRun* async_run, const std::string& node, std::string& name,
                  Failure& failure);

}  // namespace fast_sysfs

#endif
