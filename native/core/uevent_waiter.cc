#include "uevent_waiter.h"

#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdint>

// glibc 2.34 gave these functions new symbol versions when it moved them into libc.so. It also keeps the old versions.
// Binding to those lets the binary load on glibc 2.28, the oldest that Node 20 supports.
#if defined(__GLIBC__) && defined(__x86_64__)
__asm__(".symver pthread_create, pthread_create@GLIBC_2.2.5");
__asm__(".symver pthread_join, pthread_join@GLIBC_2.2.5");
#elif defined(__GLIBC__) && defined(__aarch64__)
__asm__(".symver pthread_create, pthread_create@GLIBC_2.17");
__asm__(".symver pthread_join, pthread_join@GLIBC_2.17");
#endif

namespace fast_sysfs {

int UeventWaiter::Start(int socket, Wake wake, void* data) {
  Stop();
  interruption_ = Descriptor(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  if (interruption_.number() == -1) return errno;
  socket_ = socket;
  wake_ = wake;
  data_ = data;
  is_armed_ = true;
  is_ending_ = false;
  // The new thread inherits the signal mask. With all signals blocked, signals keep going to the existing threads.
  sigset_t all;
  sigset_t before;
  sigfillset(&all);
  sigprocmask(SIG_SETMASK, &all, &before);
  const int error = pthread_create(&thread_, nullptr, RunThread, this);
  sigprocmask(SIG_SETMASK, &before, nullptr);
  is_running_ = error == 0;
  if (error != 0) interruption_.Close();
  return error;
}

void UeventWaiter::Arm() {
  if (!is_running_ || is_armed_.exchange(true)) return;
  Interrupt();
}

void UeventWaiter::Stop() {
  if (!is_running_) return;
  is_ending_ = true;
  Interrupt();
  pthread_join(thread_, nullptr);
  is_running_ = false;
  interruption_.Close();
}

void UeventWaiter::Interrupt() {
  // Other errors cannot occur: EAGAIN requires 2^64 - 1 interruptions that were not read yet.
  const uint64_t one = 1;
  while (write(interruption_.number(), &one, sizeof one) == -1 && errno == EINTR) continue;
}

void* UeventWaiter::RunThread(void* waiter) {
  static_cast<UeventWaiter*>(waiter)->Run();
  return nullptr;
}

void UeventWaiter::Run() {
  while (!is_ending_) {
    pollfd waits_for[] = {{interruption_.number(), POLLIN, 0}, {socket_, POLLIN, 0}};
    const nfds_t count = is_armed_ ? 2 : 1;
    if (poll(waits_for, count, -1) == -1) continue;
    if (waits_for[0].revents != 0) {
      uint64_t interruptions = 0;
      while (read(interruption_.number(), &interruptions, sizeof interruptions) == -1 && errno == EINTR) continue;
      continue;
    }
    if (count == 2 && waits_for[1].revents != 0) {
      is_armed_ = false;
      wake_(data_);
    }
  }
}

}  // namespace fast_sysfs
