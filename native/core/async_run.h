#ifndef FAST_SYSFS_ASYNC_RUN_H
#define FAST_SYSFS_ASYNC_RUN_H

#include <chrono>
#include <optional>
#include <string>

namespace fast_sysfs {

// A system call that takes at least this long is considered hung.
constexpr std::chrono::milliseconds kHungAfter{1000};

// The state of one program run on a pool thread, shared with the other threads of the process. Two asynchronous runs
// are never in a system call on the same path: a hung device would otherwise block both threads. Synchronous runs are
// not registered here.
class AsyncRun {
 public:
  struct Call {
    const char* syscall;
    std::string path;
    std::chrono::milliseconds duration;
  };

  AsyncRun() = default;
  AsyncRun(const AsyncRun&) = delete;
  AsyncRun& operator=(const AsyncRun&) = delete;
  ~AsyncRun() { End(); }

  // The run calls this before every system call. Returns 0, or the reason not to make the call: ECANCELED if the run
  // was cancelled, ETIMEDOUT if another run is hung in a call on the same path. Waits while another run is in a call on
  // the same path that is not yet considered hung.
  int BeginCall(const char* syscall, const std::string& path);
  // Ends the run's last call and removes the run from the list of active runs.
  void End();

  // The functions below are called from other threads. A run cannot be interrupted in a system call; cancelling takes
  // effect before the next one.
  void Cancel();
  bool IsCancelled() const;
  // The system call that the run is in; none before the first call and after the end.
  std::optional<Call> CurrentCall() const;

 private:
  const AsyncRun* OtherRunAt(const std::string& path) const;

  // One mutex of the process guards these fields of all runs.
  AsyncRun* next_ = nullptr;
  bool is_active_ = false;
  bool is_cancelled_ = false;
  const char* syscall_ = "";
  std::string path_;
  std::chrono::steady_clock::time_point started_;
};

}  // namespace fast_sysfs

#endif
