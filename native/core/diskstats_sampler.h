#ifndef FAST_SYSFS_DISKSTATS_SAMPLER_H
#define FAST_SYSFS_DISKSTATS_SAMPLER_H

#include <cstddef>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "files.h"
#include "sampler.h"

namespace fast_sysfs {

// Samples what `stat` of every device says out of /proc/diskstats, which has a line for each.
class DiskstatsSampler final : public Sampler {
 public:
  DiskstatsSampler(std::string directory, std::vector<std::string> names, std::string path);

  bool Open() override;
  size_t held() const override { return file_.number() == -1 ? 0 : 1; }
  void Close() override { file_.Close(); }

 private:
  // What the last line of a device was.
  struct Tracked {
    size_t line = 0;
    double reads = kNotThere;
    double writes = kNotThere;
    // A partition without sectors has no line.
    bool is_listed = false;
    // In this sample.
    bool is_seen = false;
  };
  // How a line begins (`   8       0 sda `), and whose it is.
  struct Line {
    std::string beginning;
    size_t device;
  };

  bool OpenDevice(size_t index);
  bool Read(double* values) override;
  bool Pass(double* values);
  void TakeLine(std::string_view text, double* values);
  const Line& LineAt(size_t place, std::string_view text);
  bool HasMissed(bool is_last_pass);

  std::string path_;
  Descriptor file_;
  // By `MAJOR MINOR NAME`.
  std::unordered_map<std::string, size_t> by_key_;
  std::vector<Tracked> tracked_;
  // As they were read last. Nearly always they are the same again, so that a line is known by its first bytes.
  std::vector<Line> lines_;
  size_t line_count_ = 0;
  size_t highest_line_ = 0;
  // How many devices are still to be found in this sample.
  size_t awaited_ = 0;
  std::vector<char> buffer_;
};

}  // namespace fast_sysfs

#endif
