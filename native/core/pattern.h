#ifndef FAST_SYSFS_PATTERN_H
#define FAST_SYSFS_PATTERN_H

#include <string_view>
#include <vector>

#include "program.h"

namespace fast_sysfs {

// The current values of a program's parameters, slots and entries.
struct Bindings {
  std::vector<std::string> parameters;
  std::vector<double> slots;              // NaN: could not be read
  std::vector<std::string_view> entries;  // by level

  // Appends the values of the tokens. Returns false if one of them is a slot whose number could not be read.
  bool Expand(const Tokens& tokens, std::string& path) const;
};

// Whether the pattern matches the whole name. On a match the captured numbers are in their slots. `*` matches as few
// characters as possible; a captured number matches all digits at its position.
bool Match(const Tokens& pattern, std::string_view name, Bindings& bindings);

}  // namespace fast_sysfs

#endif
