#ifndef FAST_SYSFS_SAMPLER_H
#define FAST_SYSFS_SAMPLER_H

#include <cstddef>
#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#include "failure.h"

namespace fast_sysfs {

// The value of a cell that has no number.
constexpr double kMissing = std::numeric_limits<double>::quiet_NaN();

// Reads the same numbers of the same block devices repeatedly. A device that was removed stays removed: a new device of
// the same name does not take its place.
class Sampler {
 public:
  // `directory` is class/block of a sysfs. Every device has `columns` numbers.
  Sampler(std::string directory, std::vector<std::string> names, size_t columns);
  virtual ~Sampler() = default;
  Sampler(const Sampler&) = delete;
  Sampler& operator=(const Sampler&) = delete;

  // Looks up the devices and opens the files that stay open. Open and Sample return false on an error that is not
  // specific to a device; see failure().
  virtual bool Open() = 0;

  // Fills the cells: the time in milliseconds of CLOCK_MONOTONIC, then the numbers of each device (NaN if missing),
  // then the indexes of the devices that were removed since the last sample.
  bool Sample(double* cells);
  size_t cell_count() const { return 1 + devices_.size() * (columns_ + 1); }
  size_t removed_count() const { return removed_count_; }

  // The number of open descriptors.
  virtual size_t open_count() const = 0;
  virtual void Close() = 0;

  const Failure& failure() const { return failure_; }

 protected:
  struct Device {
    std::string name;
    // The inode of the device's directory. Unlike the name it is not reused.
    uint64_t inode = 0;
    bool is_removed = false;
  };

  virtual bool Read(double* values) = 0;

  // Whether the device still exists, as opposed to another one of its name.
  bool StillExists(const Device& device) const;
  void MarkRemoved(Device& device);
  bool Fail(int error, const char* syscall, std::string path);

  size_t columns() const { return columns_; }
  std::vector<Device>& devices() { return devices_; }
  std::string PathOf(const Device& device) const { return directory_ + '/' + device.name; }

 private:
  std::string directory_;
  std::vector<Device> devices_;
  size_t columns_;
  // The removed devices that no sample has reported yet.
  std::vector<size_t> newly_removed_;
  size_t removed_count_ = 0;
  Failure failure_;
};

}  // namespace fast_sysfs

#endif
