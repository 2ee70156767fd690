#ifndef FAST_SYSFS_UEVENT_WAITER_H
#define FAST_SYSFS_UEVENT_WAITER_H

#include <pthread.h>

#include <atomic>

#include "files.h"

namespace fast_sysfs {

// A thread that waits for a socket to have something to read, and says so once; then it waits until it is told that all
// was read. Start, Arm and Stop are called from one thread.
class UeventWaiter {
 public:
  using Wake = void (*)(void* data);

  UeventWaiter() = default;
  UeventWaiter(const UeventWaiter&) = delete;
  UeventWaiter& operator=(const UeventWaiter&) = delete;
  ~UeventWaiter() { Stop(); }

  // 0 or an errno. `wake` is called on the waiter's thread, never after Stop. The socket stays open until then.
  int Start(int socket, Wake wake, void* data);

  // What woke it was read: it may wake again.
  void Arm();

  // Returns when the thread has ended. Any number of times.
  void Stop();

 private:
  static void* RunThread(void* waiter);
  void Run();
  void Interrupt();

  int socket_ = -1;
  Wake wake_ = nullptr;
  void* data_ = nullptr;
  Descriptor interruption_;
  pthread_t thread_{};
  bool is_running_ = false;
  std::atomic<bool> is_armed_{false};
  std::atomic<bool> is_ending_{false};
};

}  // namespace fast_sysfs

#endif
