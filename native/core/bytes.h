#ifndef FAST_SYSFS_BYTES_H
#define FAST_SYSFS_BYTES_H

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace fast_sysfs {

// The largest integer that a double, and so a JavaScript number, holds exactly with all below it.
constexpr int64_t kMaxSafeInteger = 9007199254740991;

// Without the ASCII white space at both ends.
std::string_view Trim(std::string_view text);

// Decimal (-12) or hexadecimal (0x1f), the whole text, within the safe integers; else NaN.
double ParseInteger(std::string_view text);

// The first `count` integers of a text that has them apart by white space, each as above; NaN for those it has not.
void ParseIntegers(std::string_view text, double* numbers, size_t count);

// A number as the kernel prints it: no leading zeros, for `007` would not lead back to its name; else NaN.
double CanonicalNumber(std::string_view digits);

// The number of the last path component of the form prefix + number; else NaN.
double NumberAfter(std::string_view prefix, std::string_view path);

// Appends an integral value in decimal.
void AppendNumber(std::string& text, double number);

// Two lower-case digits a byte.
std::string ToHex(std::string_view bytes);

bool IsAscii(std::string_view bytes);

inline bool StartsWith(std::string_view text, std::string_view prefix) {
  return text.substr(0, prefix.size()) == prefix;
}

}  // namespace fast_sysfs

#endif
