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

// The multicast group of the kernel's messages. udevd sends to group 2.
constexpr uint32_t kKernelGroup = 1;
// More than the kernel sends: UEVENT_BUFFER_SIZE (2048) and a path.
constexpr size_t kMaxMessageSize = 16384;

// NS_GET_USERNS of linux/nsfs.h, and PROC_USER_INIT_INO of include/linux/proc_ns.h, which is the same on all machines.
constexpr unsigned long kGetUserNamespace = _IO(0xb7, 0x1);
constexpr uint64_t kInitialUserNamespace = 0xEFFFFFFD;

}  // namespace

int UeventSocket::Open(int receive_buffer_size) {
  socket_ = Descriptor(socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_KOBJECT_UEVENT));
  if (socket_.number() == -1) return errno;
  // SO_RCVBUFFORCE requires CAP_NET_ADMIN. If both fail, the buffer keeps its default size and overflows earlier.
  if (setsockopt(number(), SOL_SOCKET, SO_RCVBUFFORCE, &receive_buffer_size, sizeof receive_buffer_size) == -1) {
    setsockopt(number(), SOL_SOCKET, SO_RCVBUF, &receive_buffer_size, sizeof receive_buffer_size);
  }
  sockaddr_nl address{};
  address.nl_family = AF_NETLINK;
  address.nl_groups = kKernelGroup;
  if (bind(number(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == -1) {
    const int error = errno;
    Close();
    return error;
  }
  return 0;
}

int UeventSocket::Drain() {
  messages_.clear();
  buffer_.resize(kMaxMessageSize);
  while (true) {
    sockaddr_nl sender{};
    socklen_t sender_size = sizeof sender;
    const ssize_t size = recvfrom(number(), buffer_.data(), buffer_.size(), MSG_DONTWAIT | MSG_TRUNC,
                                  reinterpret_cast<sockaddr*>(&sender), &sender_size);
    if (size == -1) {
      if (errno == EINTR) continue;
      if (errno == EAGAIN || errno == EWOULDBLOCK) return 0;
      if (errno != ENOBUFS) return errno;
      // After an overflow the kernel drops messages without another error until the buffer is empty, so the loop
      // continues (netlink_overrun and netlink_rcv_wake in net/netlink/af_netlink.c).
      overflow_count_++;
      continue;
    }
    // Only the kernel sends from port 0. The sender's user ID is not checked: in a container's user namespace the
    // kernel's messages do not have user ID 0.
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

bool ReceivesUevents() {
  const Descriptor network(open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC));
  if (network.number() == -1) return false;
  const Descriptor user(ioctl(network.number(), kGetUserNamespace));
  struct statx status {};
  return user.number() != -1 && statx(user.number(), "", AT_EMPTY_PATH, STATX_INO, &status) == 0 &&
         status.stx_ino == kInitialUserNamespace;
}

}  // namespace fast_sysfs
