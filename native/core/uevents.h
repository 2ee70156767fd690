#ifndef FAST_SYSFS_UEVENTS_H
#define FAST_SYSFS_UEVENTS_H

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "files.h"

namespace fast_sysfs {

// A NETLINK_KOBJECT_UEVENT socket that receives the kernel's messages about its devices.
class UeventSocket {
 public:
  // Returns 0 or an errno. With CAP_NET_ADMIN the receive buffer may exceed net.core.rmem_max.
  int Open(int receive_buffer_size);
  void Close() { socket_.Close(); }
  int number() const { return socket_.number(); }

  // Reads all queued messages without waiting. They replace the messages of the last call. Returns 0 or an errno. If no
  // message is queued, this is one system call.
  int Drain();

  // The messages of the last Drain, concatenated. A message is `add@/devices/...` and its `KEY=VALUE` strings, each
  // followed by a NUL, and ends with an additional NUL.
  const std::string& messages() const { return messages_; }

  // How many times the kernel dropped messages because the receive buffer was full. The messages of the Drain that
  // increments this are older than the dropped ones; those of later calls are newer.
  uint32_t overflow_count() const { return overflow_count_; }

 private:
  Descriptor socket_;
  std::vector<char> buffer_;
  std::string messages_;
  uint32_t overflow_count_ = 0;
};

// Whether this process receives the uevents of block devices. The kernel sends uevents of devices without a network
// namespace only to network namespaces that the initial user namespace owns (uevent_net_init and uevent_net_broadcast
// in lib/kobject_uevent.c). Returns false if that cannot be determined.
bool ReceivesUevents();

}  // namespace fast_sysfs

#endif
