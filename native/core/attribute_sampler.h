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
  // Below the device's directory.
  std::string path;
  // How many numbers it has. Where that is one, it is the whole of the attribute.
  size_t columns = 1;
};

// Samples attributes through descriptors that it holds, as many as it may; the others it opens every time.
class AttributeSampler final : public Sampler {
 public:
  AttributeSampler(std::string directory, std::vector<std::string> names, std::vector<SampledAttribute> attributes,
                   size_t most_held);

  bool Open() override;
  size_t held() const override { return held_; }
  void Close() override;

 private:
  enum class State : uint8_t {
    kAbsent,  // the device has none, or it may not be read
    kHeld,
    kReopened,
  };
  // One attribute of one device, but for the descriptor where it is held.
  struct File {
    State state = State::kAbsent;
    uint64_t inode = 0;
  };
  // What a read gave, or an errno.
  struct Content {
    int error = 0;
    std::string_view text;
  };

  bool OpenDevice(size_t row);
  bool Read(double* values) override;
  void ReadHeld(size_t first_row, size_t rows);
  bool TakeRow(size_t row, Content* contents, double* values);
  bool ReadAnew(size_t row, size_t attribute, Content& content);
  void NoticeEnd(size_t row);
  void Hold(size_t index, Descriptor opened);
  void LetGo(size_t index, State next);
  void LetGoOf(size_t row);

  // Calls `open` until it does not fail for want of a descriptor; gives up descriptors of its own for that.
  template <typename OpenCall>
  int WithRoom(OpenCall open);
  bool GiveUpOne();

  std::vector<SampledAttribute> attributes_;
  std::vector<File> files_;
  // One for each file. They stand by themselves, for nearly always a sample needs nothing else of a file.
  std::vector<Descriptor> descriptors_;
  size_t most_held_;
  size_t held_ = 0;
  size_t rows_in_a_batch_;
  std::vector<Content> contents_;
  std::vector<char> buffer_;
};

}  // namespace fast_sysfs

#endif
