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

// Samples the numbers of every device's `stat` attribute from /proc/diskstats, which has a line per device.
class DiskstatsSampler final : public Sampler {
 public:
  DiskstatsSampler(std::string directory, std::vector<std::string> names, std::string path);

  bool Open() override;
  size_t open_count() const override { return file_.number() == -1 ? 0 : 1; }
  void Close() override { file_.Close(); }

 private:
  // The last line of a device.
  struct LastLine {
    size_t index = 0;
    double reads = kMissing;
    double writes = kMissing;
    // Whether the last sample had a line of it. A partition without sectors has none.
    bool is_listed = false;
    // Whether the current sample has a line of it.
    bool is_seen = false;
  };
  // The start of a line up to the numbers (`   8       0 sda `), and its device.
  struct Line {
    std::string prefix;
    size_t device;
  };

  bool OpenDevice(size_t index);
  bool Read(double* values) override;
  bool ReadPass(double* values);
  void ParseLine(std::string_view text, double* values);
  const Line& LineAt(size_t index, std::string_view text);
  bool HasMissedDevice(bool is_last_pass);

  std::string path_;
  Descriptor file_;
  // Device indexes by `MAJOR MINOR NAME`.
  std::unordered_map<std::string, size_t> by_key_;
  std::vector<LastLine> last_lines_;
  // The lines of the last sample. They rarely change, so a line is usually recognized by comparing its prefix.
  std::vector<Line> lines_;
  size_t line_count_ = 0;
  size_t highest_line_ = 0;
  // The number of devices that this sample has not found yet.
  size_t pending_count_ = 0;
  std::vector<char> buffer_;
};

}  // namespace fast_sysfs

#endif
