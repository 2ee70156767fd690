#include "uevents.h"

#include <fcntl.h>
#include <linux/netlink.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

namespace fast_sysfs {

namespace {

constexpr uint32_t kGroupOfKernel = 1;  // udevd sends in group 2
// The kernel's are two kilobytes and a path at the most (UEVENT_BUFFER_SIZE).
constexpr size_t kLargestMessage = 16384;

// linux/nsfs.h and include/linux/proc_ns.h; the latter's number is the same on every machine.
constexpr unsigned long kGetUserNamespace = _IO(0xb7, 0x1);
constexpr uint64_t kInitialUserNamespace = 0xEFFFFFFD;

}  // namespace

int UeventSocket::Open(int receive_buffer_size) {
  socket_ = Descriptor(socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_KOBJECT_UEVENT));
  if (socket_.number() == -1) return errno;
  // The former needs CAP_NET_ADMIN. With neither it is the default size that is full sooner.
  if (setsockopt(number(), SOL_SOCKET, SO_RCVBUFFORCE, &receive_buffer_size, sizeof receive_buffer_size) == -1) {
    setsockopt(number(), SOL_SOCKET, SO_RCVBUF, &receive_buffer_size, sizeof receive_buffer_size);
  }
  sockaddr_nl address{};
  address.nl_family = AF_NETLINK;
  address.nl_groups = kGroupOfKernel;
  if (bind(number(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == -1) {
    const int error = errno;
    Close();
    return error;
  }
  return 0;
}

int UeventSocket::Drain() {
  messages_.clear();
  buffer_.resize(kLargestMessage);
  while (true) {
    sockaddr_nl sender{};
    socklen_t sender_size = sizeof sender;
    const ssize_t size = recvfrom(number(), buffer_.data(), buffer_.size(), MSG_DONTWAIT | MSG_TRUNC,
                                  reinterpret_cast<sockaddr*>(&sender), &sender_size);
    if (size == -1) {
      if (errno == EINTR) continue;
      if (errno == EAGAIN || errno == EWOULDBLOCK) return 0;
      if (errno != ENOBUFS) return errno;
      // Once it was full the kernel drops messages, without saying so again, until the buffer is empty: this goes on to
      // its end (netlink_overrun and netlink_rcv_wake in net/netlink/af_netlink.c).
      overflow_count_++;
      continue;
    }
    // Port 0 is the kernel's, which no process gets. A process's user is no better a proof, and in a container's user
    // namespace the kernel's messages do not come from 0.
    if (sender.nl_pid != 0) continue;
    if (static_cast<size_t>(size) > buffer_.size()) {
      overflow_count_++;
      continue;
    }
    messages_.append(buffer_.data(), static_cast<size_t>(size));
    if (messages_.empty() || messages_.back() != '\0') messages_ += '\0';
    messages_ += '\0';
  }
}

bool AreUeventsHeardHere() {
  const Descriptor network(open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC));
  if (network.number() == -1) return false;
  const Descriptor user(ioctl(network.number(), kGetUserNamespace));
  struct statx status {};
  return user.number() != -1 && statx(user.number(), "", AT_EMPTY_PATH, STATX_INO, &status) == 0 &&
         status.stx_ino == kInitialUserNamespace;
}

}  // namespace fast_sysfs
