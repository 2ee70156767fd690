#ifndef FAST_SYSFS_PATTERN_H
#define FAST_SYSFS_PATTERN_H

#include <string_view>
#include <vector>

#include "program.h"

namespace fast_sysfs {

// What a program's tokens stand for at this moment of its run.
struct Bindings {
  std::vector<std::string> parameters;
  std::vector<double> slots;              // NaN: not read
  std::vector<std::string_view> entries;  // by level

  // Appends what the tokens stand for; false where a number among them could not be read.
  bool Expand(const Tokens& tokens, std::string& path) const;
};

// Whether a name matches; if so the captured numbers are in their slots. `*` takes as little as it can, a number all
// the digits there are.
bool Match(const Tokens& pattern, std::string_view name, Bindings& bindings);

}  // namespace fast_sysfs

#endif
