#ifndef FAST_SYSFS_FLIGHT_H
#define FAST_SYSFS_FLIGHT_H

#include <chrono>
#include <optional>
#include <string>

namespace fast_sysfs {

// A system call that has lasted as long is taken for one that does not come back soon: the device hangs.
constexpr std::chrono::milliseconds kOverdue{1000};

// A run on a thread of its own, as the others of the process see it. No two flights are in a system call on the same
// path: a device that hangs would get hold of both threads. A run on the caller's own thread is no flight.
class Flight {
 public:
  struct Call {
    const char* syscall;
    std::string path;
    std::chrono::milliseconds lasted;
  };

  Flight() = default;
  Flight(const Flight&) = delete;
  Flight& operator=(const Flight&) = delete;
  ~Flight() { Land(); }

  // The run calls this before every system call. 0, or why the call must not be made: ECANCELED, it was asked to stop;
  // ETIMEDOUT, another flight hangs in it.
  int Enter(const char* syscall, const std::string& path);
  // The run has ended.
  void Land();

  // These are for other threads. A flight cannot be stopped in the middle of a system call, only before the next.
  void Stop();
  bool IsStopped() const;
  // The system call that it is in; none before the first and after the end.
  std::optional<Call> CurrentCall() const;

 private:
  const Flight* OtherAt(const std::string& path) const;

  // All of this under one lock of the process.
  Flight* next_ = nullptr;
  bool is_flying_ = false;
  bool is_stopped_ = false;
  const char* syscall_ = "";
  std::string path_;
  std::chrono::steady_clock::time_point since_;
};

}  // namespace fast_sysfs

#endif
