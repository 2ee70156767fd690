#ifndef FAST_SYSFS_UEVENTS_H
#define FAST_SYSFS_UEVENTS_H

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "files.h"

namespace fast_sysfs {

// What the kernel says of its devices: a NETLINK_KOBJECT_UEVENT socket in the kernel's own group.
class UeventSocket {
 public:
  // 0 or an errno. As root the receive buffer may be larger than net.core.rmem_max allows others.
  int Open(int receive_buffer_size);
  void Close() { socket_.Close(); }
  int number() const { return socket_.number(); }

  // Takes all messages that are there, without waiting, in place of those taken before: 0 or an errno. Where there are
  // none that is one system call.
  int Drain();

  // The messages taken, one after the other: `add@/devices/...`, then `KEY=VALUE`s, each with a NUL at its end, and one
  // more NUL at the end of the message.
  const std::string& messages() const { return messages_; }

  // How often the buffer was full, so that the kernel dropped messages. The messages taken then are older than what was
  // dropped, and all that come after another `Drain` are newer.
  uint32_t overflow_count() const { return overflow_count_; }

 private:
  Descriptor socket_;
  std::vector<char> buffer_;
  std::string messages_;
  uint32_t overflow_count_ = 0;
};

// Whether uevents of all devices reach this process. The kernel sends those of devices that belong to no network
// namespace, as block devices do, to the namespaces of the initial user namespace only (uevent_net_init in
// lib/kobject_uevent.c). False also where it cannot be told.
bool AreUeventsHeardHere();

}  // namespace fast_sysfs

#endif
