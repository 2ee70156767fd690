#include "attribute_sampler.h"

#include <fcntl.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "bytes.h"

namespace fast_sysfs {

namespace {

// No attribute of numbers is as long.
constexpr size_t kBufferSize = 4096;

bool IsOutOfDescriptors(int error) { return error == EMFILE || error == ENFILE; }

size_t ColumnsOf(const std::vector<SampledAttribute>& attributes) {
  size_t columns = 0;
  for (const SampledAttribute& attribute : attributes) columns += attribute.columns;
  return columns;
}

}  // namespace

AttributeSampler::AttributeSampler(std::string directory, std::vector<std::string> names,
                                   std::vector<SampledAttribute> attributes, size_t most_held)
    : Sampler(std::move(directory), std::move(names), ColumnsOf(attributes)),
      attributes_(std::move(attributes)),
      files_(devices().size() * attributes_.size()),
      most_held_(most_held),
      buffer_(kBufferSize) {}

bool AttributeSampler::Open() {
  Close();
  File* files = files_.data();
  for (Device& device : devices()) {
    if (!OpenDevice(device, files)) return false;
    files += attributes_.size();
  }
  return true;
}

bool AttributeSampler::OpenDevice(Device& device, File* files) {
  // Through the open directory all is that of one device, though the name be given to another meanwhile.
  Descriptor directory;
  const std::string path = PathOf(device);
  int error = WithRoom([&] { return OpenDirectory(AT_FDCWD, path.c_str(), directory); });
  if (error == 0) error = InodeOf(directory.number(), "", device.inode);
  if (IsGone(error)) {
    Vanish(device);
    return true;
  }
  if (IsProcessTrouble(error)) return Refuse(error, "open", path);
  if (error != 0) {  // nothing below it may be read either
    InodeOf(AT_FDCWD, path.c_str(), device.inode);
    return true;
  }
  for (const SampledAttribute& attribute : attributes_) {
    File& file = *files++;
    Descriptor opened;
    error = WithRoom([&] { return OpenFile(directory.number(), attribute.path.c_str(), opened); });
    if (error == 0) error = InodeOf(opened.number(), "", file.inode);
    if (IsProcessTrouble(error)) return Refuse(error, "open", path + '/' + attribute.path);
    if (error != 0) continue;
    file.state = State::kReopened;
    if (held_ < most_held_) Hold(file, std::move(opened));
  }
  return true;
}

void AttributeSampler::Close() {
  for (File& file : files_) LetGo(file, State::kAbsent);
}

bool AttributeSampler::Read(double* values) {
  File* file = files_.data();
  double* value = values;
  for (Device& device : devices()) {
    File* const files = file;
    double* const row = value;
    bool has_any = false;
    for (const SampledAttribute& attribute : attributes_) {
      const Outcome outcome = ReadFile(device, *file++, attribute.path);
      if (outcome == Outcome::kFailed) return false;
      if (outcome == Outcome::kNothing) {
        std::fill_n(value, attribute.columns, kNotThere);
      } else if (attribute.columns == 1) {
        *value = ParseInteger(Trim(content_));
        has_any = true;
      } else {
        ParseIntegers(content_, value, attribute.columns);
        has_any = true;
      }
      value += attribute.columns;
    }
    if (has_any && !device.is_gone) continue;
    // Where nothing can be read of a device, nothing tells of its end either.
    if (!has_any && !IsThere(device)) Vanish(device);
    if (!device.is_gone) continue;
    std::fill(row, value, kNotThere);
    for (File* closed = files; closed != file; closed++) LetGo(*closed, State::kAbsent);
  }
  return true;
}

AttributeSampler::Outcome AttributeSampler::ReadFile(Device& device, File& file, const std::string& path) {
  if (file.state == State::kHeld) {
    const int error = ReadAgain(file.descriptor.number(), buffer_.data(), buffer_.size(), content_);
    if (error == 0) return Outcome::kRead;
    if (IsProcessTrouble(error)) {
      Refuse(error, "read", PathOf(device) + '/' + path);
      return Outcome::kFailed;
    }
    if (error != ENODEV) return Outcome::kNothing;
    // The attribute is no more (kernfs_seq_start, fs/kernfs/file.c), or that is what its driver says.
    LetGo(file, State::kReopened);
  }
  return file.state == State::kReopened ? ReadAnew(device, file, path) : Outcome::kNothing;
}

AttributeSampler::Outcome AttributeSampler::ReadAnew(Device& device, File& file, const std::string& path) {
  if (device.is_gone) return Outcome::kNothing;
  const std::string whole_path = PathOf(device) + '/' + path;
  Descriptor opened;
  int error = WithRoom([&] { return OpenFile(AT_FDCWD, whole_path.c_str(), opened); });
  uint64_t inode = 0;
  if (error == 0) error = InodeOf(opened.number(), "", inode);
  if (error == 0 && inode != file.inode) {
    // It came anew, with its device or alone, as those of a scheduler do.
    if (!IsThere(device)) return NothingOf(device);
    file.inode = inode;
  }
  if (error == 0) error = ReadAgain(opened.number(), buffer_.data(), buffer_.size(), content_);
  if (error == 0) {
    if (held_ < most_held_) Hold(file, std::move(opened));
    return Outcome::kRead;
  }
  if (IsProcessTrouble(error)) {
    Refuse(error, "open", whole_path);
    return Outcome::kFailed;
  }
  return IsGone(error) ? NothingOf(device) : Outcome::kNothing;
}

AttributeSampler::Outcome AttributeSampler::NothingOf(Device& device) {
  if (!IsThere(device)) Vanish(device);
  return Outcome::kNothing;
}

void AttributeSampler::Hold(File& file, Descriptor opened) {
  file.descriptor = std::move(opened);
  file.state = State::kHeld;
  held_++;
}

void AttributeSampler::LetGo(File& file, State next) {
  if (file.state == State::kHeld) {
    file.descriptor.Close();
    held_--;
  }
  file.state = next;
}

template <typename OpenCall>
int AttributeSampler::WithRoom(OpenCall open) {
  int error = open();
  while (IsOutOfDescriptors(error) && GiveUpOne()) error = open();
  return error;
}

bool AttributeSampler::GiveUpOne() {
  const auto last =
      std::find_if(files_.rbegin(), files_.rend(), [](const File& file) { return file.state == State::kHeld; });
  if (last == files_.rend()) return false;
  LetGo(*last, State::kReopened);
  most_held_ = held_;
  return true;
}

}  // namespace fast_sysfs
