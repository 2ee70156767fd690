#include "attribute_sampler.h"

#include <fcntl.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "bytes.h"

namespace fast_sysfs {

namespace {

// No attribute of numbers is as long.
constexpr size_t kLargestContent = 4096;

// A read leaves little of this program in the processor's caches, neither code nor data. So that many follow upon one
// another, and what they gave is parsed together.
constexpr size_t kFilesInABatch = 32;

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
      descriptors_(files_.size()),
      most_held_(most_held),
      rows_in_a_batch_(std::max<size_t>(kFilesInABatch / std::max<size_t>(attributes_.size(), 1), 1)),
      contents_(rows_in_a_batch_ * attributes_.size()),
      // and one for what is read anew
      buffer_((contents_.size() + 1) * kLargestContent) {}

bool AttributeSampler::Open() {
  Close();
  for (size_t row = 0; row < devices().size(); row++) {
    if (!OpenDevice(row)) return false;
  }
  return true;
}

bool AttributeSampler::OpenDevice(size_t row) {
  Device& device = devices()[row];
  // Through the open directory all is that of one device, though the name be given to another meanwhile.
  Descriptor directory;
  std::string path = PathOf(device);
  int error = WithRoom([&] { return OpenDirectory(AT_FDCWD, path.c_str(), directory); });
  if (error == 0) error = InodeOf(directory.number(), "", device.inode);
  if (IsProcessTrouble(error)) return Refuse(error, "open", path);
  if (IsGone(error)) Vanish(device);
  if (error != 0) {  // nothing below it may be read either
    InodeOf(AT_FDCWD, path.c_str(), device.inode);
    return true;
  }
  for (size_t i = 0; i < attributes_.size(); i++) {
    const std::string& attribute = attributes_[i].path;
    const size_t index = row * attributes_.size() + i;
    Descriptor opened;
    error = WithRoom([&] { return OpenFile(directory.number(), attribute.c_str(), opened); });
    if (error == 0) error = InodeOf(opened.number(), "", files_[index].inode);
    if (IsProcessTrouble(error)) return Refuse(error, "open", path.append("/").append(attribute));
    if (error != 0) continue;
    files_[index].state = State::kReopened;
    if (held_ < most_held_) Hold(index, std::move(opened));
  }
  return true;
}

void AttributeSampler::Close() {
  for (size_t row = 0; row < devices().size(); row++) LetGoOf(row);
}

bool AttributeSampler::Read(double* values) {
  for (size_t first = 0; first < devices().size(); first += rows_in_a_batch_) {
    const size_t rows = std::min(rows_in_a_batch_, devices().size() - first);
    ReadHeld(first, rows);
    for (size_t i = 0; i < rows; i++) {
      const size_t row = first + i;
      if (!TakeRow(row, &contents_[i * attributes_.size()], values + row * columns())) return false;
    }
  }
  return true;
}

void AttributeSampler::ReadHeld(size_t first_row, size_t rows) {
  const Descriptor* descriptor = &descriptors_[first_row * attributes_.size()];
  char* to = buffer_.data();
  for (size_t i = 0; i < rows * attributes_.size(); i++, descriptor++) {
    Content& content = contents_[i];
    content.error = EBADF;
    if (descriptor->number() == -1) continue;
    content.error = ReadAgain(descriptor->number(), to, kLargestContent, content.text);
    if (content.error == 0) to += content.text.size();
  }
}

bool AttributeSampler::TakeRow(size_t row, Content* contents, double* values) {
  double* value = values;
  bool is_usual = true;
  bool has_any = false;
  for (size_t i = 0; i < attributes_.size(); i++) {
    Content& content = contents[i];
    const size_t width = attributes_[i].columns;
    if (content.error != 0) {
      is_usual = false;
      if (!ReadAnew(row, i, content)) return false;
    }
    if (content.error != 0) {
      std::fill_n(value, width, kNotThere);
    } else {
      has_any = true;
      if (width == 1)
        *value = ParseInteger(Trim(content.text));
      else
        ParseIntegers(content.text, value, width);
    }
    value += width;
  }
  if (is_usual && has_any) return true;
  // Where nothing can be read of a device, nothing tells of its end either.
  if (!has_any) NoticeEnd(row);
  if (devices()[row].is_gone) std::fill(values, value, kNotThere);
  return true;
}

// Reads what no descriptor gave, where there is something to read.
bool AttributeSampler::ReadAnew(size_t row, size_t attribute, Content& content) {
  const Device& device = devices()[row];
  const size_t index = row * attributes_.size() + attribute;
  File& file = files_[index];
  const std::string path = PathOf(device) + '/' + attributes_[attribute].path;
  if (file.state == State::kHeld) {
    if (IsProcessTrouble(content.error)) return Refuse(content.error, "read", path);
    if (content.error != ENODEV) return true;
    // The attribute is no more (kernfs_seq_start, fs/kernfs/file.c), or that is what its driver says.
    LetGo(index, State::kReopened);
  }
  if (file.state == State::kAbsent) return true;

  Descriptor opened;
  uint64_t inode = 0;
  int& error = content.error;
  error = WithRoom([&] { return OpenFile(AT_FDCWD, path.c_str(), opened); });
  if (error == 0) error = InodeOf(opened.number(), "", inode);
  if (error == 0 && inode != file.inode) {
    // It came anew, with its device or alone, as those of a scheduler do.
    if (IsThere(device))
      file.inode = inode;
    else
      error = ENODEV;
  }
  if (error == 0) {
    // Parsed before the next one is read.
    char* const buffer = buffer_.data() + contents_.size() * kLargestContent;
    error = ReadAgain(opened.number(), buffer, kLargestContent, content.text);
  }
  if (error == 0 && held_ < most_held_) Hold(index, std::move(opened));
  if (IsProcessTrouble(error)) return Refuse(error, "open", path);
  if (IsGone(error)) NoticeEnd(row);
  return true;
}

void AttributeSampler::NoticeEnd(size_t row) {
  Device& device = devices()[row];
  if (device.is_gone || IsThere(device)) return;
  Vanish(device);
  LetGoOf(row);
}

void AttributeSampler::Hold(size_t index, Descriptor opened) {
  descriptors_[index] = std::move(opened);
  files_[index].state = State::kHeld;
  held_++;
}

void AttributeSampler::LetGo(size_t index, State next) {
  if (files_[index].state == State::kHeld) {
    descriptors_[index].Close();
    held_--;
  }
  files_[index].state = next;
}

void AttributeSampler::LetGoOf(size_t row) {
  for (size_t i = 0; i < attributes_.size(); i++) LetGo(row * attributes_.size() + i, State::kAbsent);
}

template <typename OpenCall>
int AttributeSampler::WithRoom(OpenCall open) {
  int error = open();
  while (IsOutOfDescriptors(error) && GiveUpOne()) error = open();
  return error;
}

bool AttributeSampler::GiveUpOne() {
  for (size_t index = files_.size(); index-- > 0;) {
    if (files_[index].state != State::kHeld) continue;
    LetGo(index, State::kReopened);
    most_held_ = held_;
    return true;
  }
  return false;
}

}  // namespace fast_sysfs
