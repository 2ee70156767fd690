#ifndef FAST_SYSFS_SAMPLER_H
#define FAST_SYSFS_SAMPLER_H

#include <cstddef>
#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#include "failure.h"

namespace fast_sysfs {

constexpr double kNotThere = std::numeric_limits<double>::quiet_NaN();

// Reads the same numbers of the same block devices again and again. A device that vanished stays so: another one of the
// same name is not taken for it.
class Sampler {
 public:
  // `directory` is class/block of a sysfs; every device has so many numbers.
  Sampler(std::string directory, std::vector<std::string> names, size_t columns);
  virtual ~Sampler() = default;
  Sampler(const Sampler&) = delete;
  Sampler& operator=(const Sampler&) = delete;

  // Finds the devices and opens what is held open. Like `Sample`, false where the process was refused: see `failure`.
  virtual bool Open() = 0;

  // Fills the cells: when this was (milliseconds of CLOCK_MONOTONIC), the numbers of one device after the other, NaN
  // where there is none, and then the indexes of the devices that vanished since the last time.
  bool Sample(double* cells);
  size_t cell_count() const { return 1 + devices_.size() * (columns_ + 1); }
  size_t vanished_count() const { return vanished_count_; }

  // How many descriptors are open.
  virtual size_t held() const = 0;
  virtual void Close() = 0;

  const Failure& failure() const { return failure_; }

 protected:
  struct Device {
    std::string name;
    // Of its directory. No other has it, unlike the name.
    uint64_t inode = 0;
    bool is_gone = false;
  };

  virtual bool Read(double* values) = 0;

  // Whether there is still the device, not another of its name.
  bool IsThere(const Device& device) const;
  void Vanish(Device& device);
  bool Refuse(int error, const char* syscall, std::string path);

  size_t columns() const { return columns_; }
  std::vector<Device>& devices() { return devices_; }
  std::string PathOf(const Device& device) const { return directory_ + '/' + device.name; }

 private:
  std::string directory_;
  std::vector<Device> devices_;
  size_t columns_;
  // Those that no sample has told of.
  std::vector<size_t> vanished_;
  size_t vanished_count_ = 0;
  Failure failure_;
};

}  // namespace fast_sysfs

#endif
