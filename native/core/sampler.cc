#include "sampler.h"

#include <fcntl.h>
#include <time.h>

#include <utility>

#include "files.h"

namespace fast_sysfs {

Sampler::Sampler(std::string directory, std::vector<std::string> names, size_t columns)
    : directory_(std::move(directory)), devices_(names.size()), columns_(columns) {
  for (size_t i = 0; i < names.size(); i++) devices_[i].name = std::move(names[i]);
  // So that Sample does not allocate.
  newly_removed_.reserve(devices_.size());
}

bool Sampler::Sample(double* cells) {
  constexpr double kMillisecondsPerSecond = 1e3;
  constexpr double kNanosecondsPerMillisecond = 1e6;
  timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  cells[0] = static_cast<double>(now.tv_sec) * kMillisecondsPerSecond +
             static_cast<double>(now.tv_nsec) / kNanosecondsPerMillisecond;
  double* const values = cells + 1;
  if (!Read(values)) return false;
  double* reported = values + devices_.size() * columns_;
  for (const size_t index : newly_removed_) *reported++ = static_cast<double>(index);
  removed_count_ = newly_removed_.size();
  newly_removed_.clear();
  return true;
}

bool Sampler::StillExists(const Device& device) const {
  uint64_t inode = 0;
  const int error = InodeOf(AT_FDCWD, PathOf(device).c_str(), inode);
  return error == 0 ? inode == device.inode : !IsGone(error);
}

void Sampler::MarkRemoved(Device& device) {
  if (device.is_removed) return;
  device.is_removed = true;
  newly_removed_.push_back(static_cast<size_t>(&device - devices_.data()));
}

bool Sampler::Fail(int error, const char* syscall, std::string path) {
  failure_ = {error, syscall, std::move(path)};
  return false;
}

}  // namespace fast_sysfs
