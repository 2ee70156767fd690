#include "async_run.h"

#include <cerrno>
#include <mutex>
#include <thread>

namespace fast_sysfs {

namespace {

using Clock = std::chrono::steady_clock;

// Both are trivially destructible, because a run may still be active when the process exits.
std::mutex mutex;
AsyncRun* first_run = nullptr;

}  // namespace

int AsyncRun::BeginCall(const char* syscall, const std::string& path) {
  // Long enough for the other run to get ahead, so that two runs of the same query do not meet again at the next path.
  constexpr std::chrono::milliseconds kPause{1};
  std::unique_lock<std::mutex> lock(mutex);
  while (!is_cancelled_) {
    const AsyncRun* other = OtherRunAt(path);
    const Clock::time_point now = Clock::now();
    if (other == nullptr) {
      if (!is_active_) {
        is_active_ = true;
        next_ = first_run;
        first_run = this;
      }
      syscall_ = syscall;
      path_ = path;
      started_ = now;
      return 0;
    }
    if (now - other->started_ >= kHungAfter) return ETIMEDOUT;
    lock.unlock();
    std::this_thread::sleep_for(kPause);
    lock.lock();
  }
  return ECANCELED;
}

void AsyncRun::End() {
  const std::lock_guard<std::mutex> lock(mutex);
  if (!is_active_) return;
  is_active_ = false;
  AsyncRun** link = &first_run;
  while (*link != this) link = &(*link)->next_;
  *link = next_;
}

void AsyncRun::Cancel() {
  const std::lock_guard<std::mutex> lock(mutex);
  is_cancelled_ = true;
}

bool AsyncRun::IsCancelled() const {
  const std::lock_guard<std::mutex> lock(mutex);
  return is_cancelled_;
}

std::optional<AsyncRun::Call> AsyncRun::CurrentCall() const {
  const std::lock_guard<std::mutex> lock(mutex);
  if (!is_active_) return std::nullopt;
  return Call{syscall_, path_, std::chrono::duration_cast<std::chrono::milliseconds>(Clock::now() - started_)};
}

const AsyncRun* AsyncRun::OtherRunAt(const std::string& path) const {
  for (const AsyncRun* run = first_run; run != nullptr; run = run->next_) {
    if (run != this && run->path_ == path) return run;
  }
  return nullptr;
}

}  // namespace fast_sysfs
