#include "flight.h"

#include <cerrno>
#include <mutex>
#include <thread>

namespace fast_sysfs {

namespace {

using Clock = std::chrono::steady_clock;

// Neither has a destructor: at the end of the process a flight may still be in the air.
std::mutex sky;
Flight* first = nullptr;

}  // namespace

int Flight::Enter(const char* syscall, const std::string& path) {
  // Long enough for the other to be far ahead: two that ask the same do not meet again at the next path.
  constexpr std::chrono::milliseconds kPause{1};
  std::unique_lock<std::mutex> lock(sky);
  while (!is_stopped_) {
    const Flight* other = OtherAt(path);
    const Clock::time_point now = Clock::now();
    if (other == nullptr) {
      if (!is_flying_) {
        is_flying_ = true;
        next_ = first;
        first = this;
      }
      syscall_ = syscall;
      path_ = path;
      since_ = now;
      return 0;
    }
    if (now - other->since_ >= kOverdue) return ETIMEDOUT;
    lock.unlock();
    std::this_thread::sleep_for(kPause);
    lock.lock();
  }
  return ECANCELED;
}

void Flight::Land() {
  const std::lock_guard<std::mutex> lock(sky);
  if (!is_flying_) return;
  is_flying_ = false;
  Flight** link = &first;
  while (*link != this) link = &(*link)->next_;
  *link = next_;
}

void Flight::Stop() {
  const std::lock_guard<std::mutex> lock(sky);
  is_stopped_ = true;
}

bool Flight::IsStopped() const {
  const std::lock_guard<std::mutex> lock(sky);
  return is_stopped_;
}

std::optional<Flight::Call> Flight::CurrentCall() const {
  const std::lock_guard<std::mutex> lock(sky);
  if (!is_flying_) return std::nullopt;
  return Call{syscall_, path_, std::chrono::duration_cast<std::chrono::milliseconds>(Clock::now() - since_)};
}

const Flight* Flight::OtherAt(const std::string& path) const {
  for (const Flight* flight = first; flight != nullptr; flight = flight->next_) {
    if (flight != this && flight->path_ == path) return flight;
  }
  return nullptr;
}

}  // namespace fast_sysfs
