#include "attribute_sampler.h"

#include <fcntl.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "bytes.h"

namespace fast_sysfs {

namespace {

// Attributes of numbers are shorter than this.
constexpr size_t kMaxAttributeSize = 4096;

// A read evicts this program's code and data from the processor's caches. Files are therefore read in batches, and each
// batch is parsed afterwards.
constexpr size_t kFilesPerBatch = 32;

bool IsOutOfDescriptors(int error) { return error == EMFILE || error == ENFILE; }

size_t ColumnsOf(const std::vector<SampledAttribute>& attributes) {
  size_t columns = 0;
  for (const SampledAttribute& attribute : attributes) columns += attribute.columns;
  return columns;
}

}  // namespace

AttributeSampler::AttributeSampler(std::string directory, std::vector<std::string> names,
                                   std::vector<SampledAttribute> attributes, size_t max_open_files)
    : Sampler(std::move(directory), std::move(names), ColumnsOf(attributes)),
      attributes_(std::move(attributes)),
      files_(devices().size() * attributes_.size()),
      descriptors_(files_.size()),
      max_open_files_(max_open_files),
      rows_per_batch_(std::max<size_t>(kFilesPerBatch / std::max<size_t>(attributes_.size(), 1), 1)),
      results_(rows_per_batch_ * attributes_.size()),
      // One more, for Reread.
      buffer_((results_.size() + 1) * kMaxAttributeSize) {}

bool AttributeSampler::Open() {
  Close();
  for (size_t row = 0; row < devices().size(); row++) {
    if (!OpenDevice(row)) return false;
  }
  return true;
}

bool AttributeSampler::OpenDevice(size_t row) {
  Device& device = devices()[row];
  // Files opened through this directory belong to the same device, even if the name is reused meanwhile.
  Descriptor directory;
  std::string path = PathOf(device);
  int error = OpenWithRetry([&] { return OpenDirectory(AT_FDCWD, path.c_str(), directory); });
  if (error == 0) error = InodeOf(directory.number(), "", device.inode);
  if (IsResourceError(error)) return Fail(error, "open", path);
  if (IsGone(error)) MarkRemoved(device);
  if (error != 0) {  // its attributes cannot be read either
    InodeOf(AT_FDCWD, path.c_str(), device.inode);
    return true;
  }
  for (size_t i = 0; i < attributes_.size(); i++) {
    const std::string& attribute = attributes_[i].path;
    const size_t index = row * attributes_.size() + i;
    Descriptor opened;
    error = OpenWithRetry([&] { return OpenFile(directory.number(), attribute.c_str(), opened); });
    if (error == 0) error = InodeOf(opened.number(), "", files_[index].inode);
    if (IsResourceError(error)) return Fail(error, "open", path.append("/").append(attribute));
    if (error != 0) continue;
    files_[index].state = State::kClosed;
    if (open_count_ < max_open_files_) Keep(index, std::move(opened));
  }
  return true;
}

void AttributeSampler::Close() {
  for (size_t row = 0; row < devices().size(); row++) CloseFilesOf(row);
}

bool AttributeSampler::Read(double* values) {
  for (size_t first = 0; first < devices().size(); first += rows_per_batch_) {
    const size_t rows = std::min(rows_per_batch_, devices().size() - first);
    ReadOpenFiles(first, rows);
    for (size_t i = 0; i < rows; i++) {
      const size_t row = first + i;
      if (!ParseRow(row, &results_[i * attributes_.size()], values + row * columns())) return false;
    }
  }
  return true;
}

void AttributeSampler::ReadOpenFiles(size_t first_row, size_t rows) {
  const Descriptor* descriptor = &descriptors_[first_row * attributes_.size()];
  char* to = buffer_.data();
  for (size_t i = 0; i < rows * attributes_.size(); i++, descriptor++) {
    ReadResult& result = results_[i];
    result.error = EBADF;
    if (descriptor->number() == -1) continue;
    result.error = ReadAgain(descriptor->number(), to, kMaxAttributeSize, result.text);
    if (result.error == 0) to += result.text.size();
  }
}

bool AttributeSampler::ParseRow(size_t row, ReadResult* results, double* values) {
  double* value = values;
  bool is_complete = true;
  bool has_any = false;
  for (size_t i = 0; i < attributes_.size(); i++) {
    ReadResult& result = results[i];
    const size_t width = attributes_[i].columns;
    if (result.error != 0) {
      is_complete = false;
      if (!Reread(row, i, result)) return false;
    }
    if (result.error != 0) {
      std::fill_n(value, width, kMissing);
    } else {
      has_any = true;
      if (width == 1)
        *value = ParseInteger(Trim(result.text));
      else
        ParseIntegers(result.text, value, width);
    }
    value += width;
  }
  if (is_complete && has_any) return true;
  // If no attribute can be read, no read reports the removal of the device.
  if (!has_any) CheckRemoval(row);
  if (devices()[row].is_removed) std::fill(values, value, kMissing);
  return true;
}

// Reads an attribute that has no open descriptor or whose descriptor failed.
bool AttributeSampler::Reread(size_t row, size_t attribute, ReadResult& result) {
  const Device& device = devices()[row];
  const size_t index = row * attributes_.size() + attribute;
  File& file = files_[index];
  const std::string path = PathOf(device) + '/' + attributes_[attribute].path;
  if (file.state == State::kOpen) {
    if (IsResourceError(result.error)) return Fail(result.error, "read", path);
    if (result.error != ENODEV) return true;
    // The attribute was removed (kernfs_seq_start, fs/kernfs/file.c), or its driver returned ENODEV.
    CloseFile(index, State::kClosed);
  }
  if (file.state == State::kAbsent) return true;

  Descriptor opened;
  uint64_t inode = 0;
  int& error = result.error;
  error = OpenWithRetry([&] { return OpenFile(AT_FDCWD, path.c_str(), opened); });
  if (error == 0) error = InodeOf(opened.number(), "", inode);
  if (error == 0 && inode != file.inode) {
    // The attribute was created again: with a new device, or alone, as the attributes of an I/O scheduler are.
    if (StillExists(device))
      file.inode = inode;
    else
      error = ENODEV;
  }
  if (error == 0) {
    // The buffer is shared by all calls: the text is parsed before the next call.
    char* const buffer = buffer_.data() + results_.size() * kMaxAttributeSize;
    error = ReadAgain(opened.number(), buffer, kMaxAttributeSize, result.text);
  }
  if (error == 0 && open_count_ < max_open_files_) Keep(index, std::move(opened));
  if (IsResourceError(error)) return Fail(error, "open", path);
  if (IsGone(error)) CheckRemoval(row);
  return true;
}

void AttributeSampler::CheckRemoval(size_t row) {
  Device& device = devices()[row];
  if (device.is_removed || StillExists(device)) return;
  MarkRemoved(device);
  CloseFilesOf(row);
}

void AttributeSampler::Keep(size_t index, Descriptor opened) {
  descriptors_[index] = std::move(opened);
  files_[index].state = State::kOpen;
  open_count_++;
}

void AttributeSampler::CloseFile(size_t index, State next) {
  if (files_[index].state == State::kOpen) {
    descriptors_[index].Close();
    open_count_--;
  }
  files_[index].state = next;
}

void AttributeSampler::CloseFilesOf(size_t row) {
  for (size_t i = 0; i < attributes_.size(); i++) CloseFile(row * attributes_.size() + i, State::kAbsent);
}

template <typename OpenCall>
int AttributeSampler::OpenWithRetry(OpenCall open) {
  int error = open();
  while (IsOutOfDescriptors(error) && CloseOneFile()) error = open();
  return error;
}

bool AttributeSampler::CloseOneFile() {
  for (size_t index = files_.size(); index-- > 0;) {
    if (files_[index].state != State::kOpen) continue;
    CloseFile(index, State::kClosed);
    max_open_files_ = open_count_;
    return true;
  }
  return false;
}

}  // namespace fast_sysfs
