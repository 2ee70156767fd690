#ifndef FAST_SYSFS_ATTRIBUTE_SAMPLER_H
#define FAST_SYSFS_ATTRIBUTE_SAMPLER_H

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "files.h"
#include "sampler.h"

namespace fast_sysfs {

struct SampledAttribute {
  // Relative to the device's directory.
  std::string path;
  // The number of integers that are read from it. If it is 1, the whole attribute must be one integer.
  size_t columns = 1;
};

// Samples attributes. Up to `max_open_files` of them stay open between samples; the others are opened for each sample.
class AttributeSampler final : public Sampler {
 public:
  AttributeSampler(std::string directory, std::vector<std::string> names, std::vector<SampledAttribute> attributes,
                   size_t max_open_files);

  bool Open() override;
  size_t open_count() const override { return open_count_; }
  void Close() override;

 private:
  enum class State : uint8_t {
    kAbsent,  // the attribute does not exist or may not be read
    kOpen,    // its descriptor is open
    kClosed,  // it is opened for each sample
  };
  // One attribute of one device. Its descriptor is in descriptors_.
  struct File {
    State state = State::kAbsent;
    uint64_t inode = 0;
  };
  // The result of a read: the text, or an errno.
  struct ReadResult {
    int error = 0;
    std::string_view text;
  };

  bool OpenDevice(size_t row);
  bool Read(double* values) override;
  void ReadOpenFiles(size_t first_row, size_t rows);
  bool ParseRow(size_t row, ReadResult* results, double* values);
  bool Reread(size_t row, size_t attribute, ReadResult& result);
  void CheckRemoval(size_t row);
  void Keep(size_t index, Descriptor opened);
  void CloseFile(size_t index, State next);
  void CloseFilesOf(size_t row);

  // Calls `open`. While it fails because no descriptor is free, closes a file of this sampler and calls it again.
  template <typename OpenCall>
  int OpenWithRetry(OpenCall open);
  bool CloseOneFile();

  std::vector<SampledAttribute> attributes_;
  std::vector<File> files_;
  // One per file. They are apart from files_, because a sample usually needs only the descriptors.
  std::vector<Descriptor> descriptors_;
  size_t max_open_files_;
  size_t open_count_ = 0;
  size_t rows_per_batch_;
  std::vector<ReadResult> results_;
  std::vector<char> buffer_;
};

}  // namespace fast_sysfs

#endif
