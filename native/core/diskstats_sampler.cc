#include "diskstats_sampler.h"

#include <fcntl.h>

#include <algorithm>
#include <cstring>
#include <utility>

#include "bytes.h"

namespace fast_sysfs {

namespace {

// The columns of `stat` (Documentation/ABI/stable/sysfs-block). A line of diskstats has the same columns after the
// device's name.
constexpr size_t kStatColumns = 17;
constexpr size_t kReads = 0;
constexpr size_t kWrites = 4;

constexpr size_t kNoDevice = SIZE_MAX;

// A read of kAttributeSize always fits behind the incomplete line that the previous read left.
constexpr size_t kBufferSize = 2 * kAttributeSize;

// The kernel resumes a listing by device count. If a device is removed during a pass, that pass skips another device.
constexpr int kMaxPasses = 4;

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
      last_lines_(devices().size()),
      buffer_(kBufferSize) {}

bool DiskstatsSampler::Open() {
  const int error = OpenFile(AT_FDCWD, path_.c_str(), file_);
  if (error != 0) return Fail(error, "open", path_);
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
  ReadStep failed_step;
  if (error == 0) error = ReadAttribute(directory.number(), "dev", buffer_.data(), numbers, failed_step);
  if (IsResourceError(error)) return Fail(error, "open", path);
  if (IsGone(error)) MarkRemoved(device);
  if (error != 0) {
    InodeOf(AT_FDCWD, path.c_str(), device.inode);
    return true;
  }
  // Turns `8:0` and `cciss!c0d0` into the form of a diskstats line, where the name has a `/` in place of the `!`.
  std::string key = std::string(Trim(numbers)) + ' ' + device.name;
  std::replace(key.begin(), key.end(), ':', ' ');
  std::replace(key.begin(), key.end(), '!', '/');
  by_key_.emplace(std::move(key), index);
  return true;
}

bool DiskstatsSampler::Read(double* values) {
  std::fill_n(values, devices().size() * kStatColumns, kMissing);
  pending_count_ = 0;
  for (size_t index = 0; index < devices().size(); index++) {
    last_lines_[index].is_seen = false;
    if (!devices()[index].is_removed) pending_count_++;
  }
  for (int pass = 1; pass <= kMaxPasses; pass++) {
    if (!ReadPass(values)) return false;
    if (pending_count_ == 0 || !HasMissedDevice(pass == kMaxPasses)) break;
  }
  return true;
}

bool DiskstatsSampler::ReadPass(double* values) {
  line_count_ = 0;
  highest_line_ = 0;
  size_t remainder = 0;
  // Stops once all devices are found.
  for (size_t offset = 0; pending_count_ > 0;) {
    std::string_view content;
    const int error = ReadAt(file_.number(), buffer_.data() + remainder, kAttributeSize, offset, content);
    if (error != 0) return Fail(error, "read", path_);
    if (content.empty()) return true;
    offset += content.size();
    const char* line = buffer_.data();
    const char* const end = content.data() + content.size();
    while (const void* newline = std::memchr(line, '\n', static_cast<size_t>(end - line))) {
      const char* const line_end = static_cast<const char*>(newline);
      ParseLine(std::string_view(line, static_cast<size_t>(line_end - line)), values);
      line = line_end + 1;
    }
    remainder = static_cast<size_t>(end - line);
    if (remainder > kAttributeSize) return true;  // not a line of diskstats
    std::memmove(buffer_.data(), line, remainder);
  }
  return true;
}

void DiskstatsSampler::ParseLine(std::string_view text, double* values) {
  const size_t index = line_count_++;
  const Line& line = LineAt(index, text);
  if (line.device == kNoDevice) return;
  Device& device = devices()[line.device];
  LastLine& last = last_lines_[line.device];
  if (device.is_removed || last.is_seen) return;

  // New devices are added at the end of the listing (klist_add_tail in device_add, drivers/base/core.c). A device that
  // moved behind another one may therefore be a new device of the same name.
  bool is_suspect = last.is_listed && last.index < highest_line_;
  if (!is_suspect) highest_line_ = last.index;
  last.index = index;

  double* const row = values + line.device * kStatColumns;
  ParseIntegers(text.substr(std::min(line.prefix.size(), text.size())), row, kStatColumns);
  is_suspect = is_suspect || row[kReads] < last.reads || row[kWrites] < last.writes;
  if (is_suspect && !StillExists(device)) {
    MarkRemoved(device);
    std::fill_n(row, kStatColumns, kMissing);
  }
  last.reads = row[kReads];
  last.writes = row[kWrites];
  last.is_listed = true;
  last.is_seen = true;
  pending_count_--;
}

const DiskstatsSampler::Line& DiskstatsSampler::LineAt(size_t index, std::string_view text) {
  if (index < lines_.size() && StartsWith(text, lines_[index].prefix)) return lines_[index];
  // The listing changed from this line on.
  lines_.resize(index);
  size_t at = 0;
  std::string key(NextField(text, at));
  key += ' ';
  key += NextField(text, at);
  key += ' ';
  key += NextField(text, at);
  const auto found = by_key_.find(key);
  // A line that ends after the name gets a prefix that no line has.
  std::string prefix = at < text.size() ? std::string(text.substr(0, at + 1)) : "\n";
  lines_.push_back({std::move(prefix), found == by_key_.end() ? kNoDevice : found->second});
  return lines_.back();
}

bool DiskstatsSampler::HasMissedDevice(bool is_last_pass) {
  bool has_missed = false;
  for (size_t index = 0; index < devices().size(); index++) {
    Device& device = devices()[index];
    LastLine& last = last_lines_[index];
    if (device.is_removed || last.is_seen) continue;
    if (!StillExists(device)) {
      MarkRemoved(device);
      pending_count_--;
    } else if (last.is_listed) {
      has_missed = true;
      if (is_last_pass) last.is_listed = false;
    }
  }
  return has_missed;
}

}  // namespace fast_sysfs
