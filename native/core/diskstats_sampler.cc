#include "diskstats_sampler.h"

#include <fcntl.h>

#include <algorithm>
#include <cstring>
#include <utility>

#include "bytes.h"

namespace fast_sysfs {

namespace {

// As in Documentation/ABI/stable/sysfs-block, `stat`; a line of diskstats has the same after the device.
constexpr size_t kStatColumns = 17;
constexpr size_t kReads = 0;
constexpr size_t kWrites = 4;

constexpr size_t kNoDevice = SIZE_MAX;

// The kernel gives a page at a time. Space for one more than that read always remains.
constexpr size_t kBufferSize = 2 * kAttributeSize;

// When a device goes away in the middle of a pass, the kernel, which counts devices, passes over another one.
constexpr int kMostPasses = 4;

std::string_view NextField(std::string_view line, size_t& at) {
  while (at < line.size() && line[at] == ' ') at++;
  const size_t start = at;
  while (at < line.size() && line[at] != ' ') at++;
  return line.substr(start, at - start);
}

}  // namespace

DiskstatsSampler::DiskstatsSampler(std::string directory, std::vector<std::string> names, std::string path)
    : Sampler(std::move(directory), std::move(names), kStatColumns),
      path_(std::move(path)),
      tracked_(devices().size()),
      buffer_(kBufferSize) {}

bool DiskstatsSampler::Open() {
  const int error = OpenFile(AT_FDCWD, path_.c_str(), file_);
  if (error != 0) return Refuse(error, "open", path_);
  by_key_.clear();
  lines_.clear();
  for (size_t index = 0; index < devices().size(); index++) {
    if (!OpenDevice(index)) return false;
  }
  return true;
}

bool DiskstatsSampler::OpenDevice(size_t index) {
  Device& device = devices()[index];
  const std::string path = PathOf(device);
  Descriptor directory;
  int error = OpenDirectory(AT_FDCWD, path.c_str(), directory);
  if (error == 0) error = InodeOf(directory.number(), "", device.inode);
  std::string_view numbers;
  Part part;
  if (error == 0) error = ReadAttribute(directory.number(), "dev", buffer_.data(), numbers, part);
  if (IsProcessTrouble(error)) return Refuse(error, "open", path);
  if (IsGone(error)) Vanish(device);
  if (error != 0) {
    InodeOf(AT_FDCWD, path.c_str(), device.inode);
    return true;
  }
  // `8:0` and sda, as a line has them. There a name has the `/` for which sysfs has a `!`.
  std::string key = std::string(Trim(numbers)) + ' ' + device.name;
  std::replace(key.begin(), key.end(), ':', ' ');
  std::replace(key.begin(), key.end(), '!', '/');
  by_key_.emplace(std::move(key), index);
  return true;
}

bool DiskstatsSampler::Read(double* values) {
  std::fill_n(values, devices().size() * kStatColumns, kNotThere);
  awaited_ = 0;
  for (size_t index = 0; index < devices().size(); index++) {
    tracked_[index].is_seen = false;
    if (!devices()[index].is_gone) awaited_++;
  }
  for (int pass = 1; pass <= kMostPasses; pass++) {
    if (!Pass(values)) return false;
    if (awaited_ == 0 || !HasMissed(pass == kMostPasses)) break;
  }
  return true;
}

bool DiskstatsSampler::Pass(double* values) {
  line_count_ = 0;
  highest_line_ = 0;
  size_t kept = 0;
  // The rest, once all devices are found, is not read.
  for (size_t offset = 0; awaited_ > 0;) {
    std::string_view content;
    const int error = ReadAt(file_.number(), buffer_.data() + kept, kAttributeSize, offset, content);
    if (error != 0) return Refuse(error, "read", path_);
    if (content.empty()) return true;
    offset += content.size();
    const char* line = buffer_.data();
    const char* const end = content.data() + content.size();
    while (const void* newline = std::memchr(line, '\n', static_cast<size_t>(end - line))) {
      const char* const line_end = static_cast<const char*>(newline);
      TakeLine(std::string_view(line, static_cast<size_t>(line_end - line)), values);
      line = line_end + 1;
    }
    kept = static_cast<size_t>(end - line);
    if (kept > kAttributeSize) return true;  // no line of diskstats
    std::memmove(buffer_.data(), line, kept);
  }
  return true;
}

void DiskstatsSampler::TakeLine(std::string_view text, double* values) {
  const size_t place = line_count_++;
  const Line& line = LineAt(place, text);
  if (line.device == kNoDevice) return;
  Device& device = devices()[line.device];
  Tracked& tracked = tracked_[line.device];
  if (device.is_gone || tracked.is_seen) return;

  // A device is added at the end (klist_add_tail in device_add, drivers/base/core.c): one that was before another and
  // is now behind it was added anew.
  bool is_doubtful = tracked.is_listed && tracked.line < highest_line_;
  if (!is_doubtful) highest_line_ = tracked.line;
  tracked.line = place;

  double* const row = values + line.device * kStatColumns;
  ParseIntegers(text.substr(line.beginning.size()), row, kStatColumns);
  is_doubtful = is_doubtful || row[kReads] < tracked.reads || row[kWrites] < tracked.writes;
  if (is_doubtful && !IsThere(device)) {
    Vanish(device);
    std::fill_n(row, kStatColumns, kNotThere);
  }
  tracked.reads = row[kReads];
  tracked.writes = row[kWrites];
  tracked.is_listed = true;
  tracked.is_seen = true;
  awaited_--;
}

const DiskstatsSampler::Line& DiskstatsSampler::LineAt(size_t place, std::string_view text) {
  if (place < lines_.size() && StartsWith(text, lines_[place].beginning)) return lines_[place];
  // From here on it is another list.
  lines_.resize(place);
  size_t at = 0;
  std::string key(NextField(text, at));
  key += ' ';
  key += NextField(text, at);
  key += ' ';
  key += NextField(text, at);
  const auto found = by_key_.find(key);
  lines_.push_back({std::string(text.substr(0, at + 1)), found == by_key_.end() ? kNoDevice : found->second});
  return lines_.back();
}

bool DiskstatsSampler::HasMissed(bool is_last_pass) {
  bool has_missed = false;
  for (size_t index = 0; index < devices().size(); index++) {
    Device& device = devices()[index];
    Tracked& tracked = tracked_[index];
    if (device.is_gone || tracked.is_seen) continue;
    if (!IsThere(device)) {
      Vanish(device);
      awaited_--;
    } else if (tracked.is_listed) {
      has_missed = true;
      if (is_last_pass) tracked.is_listed = false;
    }
  }
  return has_missed;
}

}  // namespace fast_sysfs
