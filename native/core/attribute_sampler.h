#ifndef FAST_SYSFS_ATTRIBUTE_SAMPLER_H
#define FAST_SYSFS_ATTRIBUTE_SAMPLER_H

#include <cstddef>
#include <cstdint>
#include <string>
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
  struct File {
    Descriptor descriptor;
    State state = State::kAbsent;
    uint64_t inode = 0;
  };
  enum class Outcome : uint8_t { kRead, kNothing, kFailed };

  bool Read(double* values) override;
  bool OpenDevice(Device& device, File* files);
  Outcome ReadFile(Device& device, File& file, const std::string& path);
  Outcome ReadAnew(Device& device, File& file, const std::string& path);
  Outcome NothingOf(Device& device);
  void Hold(File& file, Descriptor opened);
  void LetGo(File& file, State next);

  // Calls `open` until it does not fail for want of a descriptor; gives up descriptors of its own for that.
  template <typename OpenCall>
  int WithRoom(OpenCall open);
  bool GiveUpOne();

  std::vector<SampledAttribute> attributes_;
  std::vector<File> files_;
  size_t most_held_;
  size_t held_ = 0;
  std::vector<char> buffer_;
  std::string_view content_;
};

}  // namespace fast_sysfs

#endif
