#ifndef FAST_SYSFS_BYTES_H
#define FAST_SYSFS_BYTES_H

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace fast_sysfs {

// Number.MAX_SAFE_INTEGER: a double represents this integer and all smaller ones exactly.
constexpr int64_t kMaxSafeInteger = 9007199254740991;

// Removes ASCII white space from both ends.
std::string_view Trim(std::string_view text);

// Parses the whole text as a decimal (-12) or hexadecimal (0x1f) integer. Returns NaN if it is not one, or is not a
// safe integer.
double ParseInteger(std::string_view text);

// Parses the first `count` integers, separated by white space, as ParseInteger does. Fields that are missing become
// NaN.
void ParseIntegers(std::string_view text, double* numbers, size_t count);

// Parses a number as the kernel prints it, without leading zeros: `007` could not be turned back into the same name.
// Returns NaN for anything else.
double CanonicalNumber(std::string_view digits);

// The number in the last path component of the form prefix + number, or NaN.
double NumberAfter(std::string_view prefix, std::string_view path);

// Appends an integral value in decimal.
void AppendNumber(std::string& text, double number);

// Two lower-case digits per byte.
std::string ToHex(std::string_view bytes);

bool IsAscii(std::string_view bytes);

inline bool StartsWith(std::string_view text, std::string_view prefix) {
  return text.substr(0, prefix.size()) == prefix;
}

}  // namespace fast_sysfs

#endif
