#ifndef FAST_SYSFS_DEVICE_PATH_H
#define FAST_SYSFS_DEVICE_PATH_H

#include <string>
#include <string_view>

#include "failure.h"
#include "flight.h"

namespace fast_sysfs {

// Where the machine's own /sys, /dev and / are, without a slash at the end.
struct Roots {
  std::string sys;
  std::string dev;
  std::string root;
};

struct ResolvedDevice {
  // The kernel name (sda, cciss!c0d0), or empty: no such device.
  std::string name;
  // The node under /dev whose name this is, else empty; its device number decides where no device has that name.
  std::string node;
};

// Turns what a caller calls a device into its kernel name. A path is followed link by link inside the root, as the
// machine itself would see it, so that an absolute link does not lead out of a container's /host. Returns false where
// the process was refused. The flight, if there is one, is told of every system call.
bool ResolveDevice(const Roots& roots, Flight* flight, std::string_view device, ResolvedDevice& resolved,
                   Failure& failure);

// The kernel name of a block node, wherever it is: the kernel keeps /sys/dev/block/MAJOR:MINOR for every one. Empty
// where it is no block node.
bool DeviceOfNode(const Roots& roots, Flight* flight, const std::string& node, std::string& name, Failure& failure);

}  // namespace fast_sysfs

#endif
