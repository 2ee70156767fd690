#ifndef FAST_SYSFS_UEVENT_WAITER_H
#define FAST_SYSFS_UEVENT_WAITER_H

#include <pthread.h>

#include <atomic>

#include "files.h"

namespace fast_sysfs {

// A thread that waits until a socket is readable and then calls a function once. It calls it again only after Arm.
// Start, Arm and Stop must be called from the same thread.
class UeventWaiter {
 public:
  using Wake = void (*)(void* data);

  UeventWaiter() = default;
  UeventWaiter(const UeventWaiter&) = delete;
  UeventWaiter& operator=(const UeventWaiter&) = delete;
  ~UeventWaiter() { Stop(); }

  // Returns 0 or an errno. `wake` is called on the waiter's thread, and never after Stop returned. The socket must stay
  // open until then.
  int Start(int socket, Wake wake, void* data);

  // Allows the next call of `wake`, after the socket was drained.
  void Arm();

  // Ends the thread and waits for it. Does nothing if there is no thread.
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
