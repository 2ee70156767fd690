#include "bytes.h"

#include <charconv>
#include <cstring>
#include <limits>

namespace fast_sysfs {

namespace {

constexpr double kNoNumber = std::numeric_limits<double>::quiet_NaN();

bool IsSpace(char byte) { return byte == ' ' || (byte >= '\t' && byte <= '\r'); }

// The kernel prints most numbers of `stat` right-aligned in 8 bytes and followed by a space ("%8lu " in
// part_stat_show, block/genhd.c).
constexpr size_t kFieldSize = 8;

#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
// Parses one such field (spaces, digits, then white space) with operations on all 8 bytes at once, and advances past
// it. Returns false if the text has another form. This takes half the time of a loop over the bytes.
bool ParseField(const char*& at, double& number) {
  constexpr uint64_t kEveryByte = 0x0101010101010101;
  if (!IsSpace(at[kFieldSize])) return false;
  uint64_t bytes = 0;
  std::memcpy(&bytes, at, kFieldSize);
  // One bit (0x10) distinguishes a digit (0x30 to 0x39) from a space (0x20).
  const uint64_t digits = bytes | 0x10 * kEveryByte;
  const uint64_t spaces = (digits ^ bytes) / 0x10 * 0xff;
  const bool is_left_padded = (spaces & (spaces + 1)) == 0 && spaces + 1 != 0;
  uint64_t value = digits - 0x30 * kEveryByte;
  const bool has_only_digits =
      ((digits & 0xf0 * kEveryByte) == 0x30 * kEveryByte) && ((value + 6 * kEveryByte) & 0xf0 * kEveryByte) == 0;
  if (!is_left_padded || !has_only_digits) return false;
  // Combines pairs of digits, then pairs of those, then both halves. The first byte is the most significant digit.
  value = (value * 10 + (value >> 8)) & 0x00ff00ff00ff00ff;
  value = (value * 100 + (value >> 16)) & 0x0000ffff0000ffff;
  value = (value * 10000 + (value >> 32)) & 0xffffffff;
  number = static_cast<double>(value);
  at += kFieldSize + 1;
  return true;
}
#else
bool ParseField(const char*&, double&) { return false; }
#endif

int DigitValue(char byte) {
  if (byte >= '0' && byte <= '9') return byte - '0';
  if (byte >= 'a' && byte <= 'f') return byte - 'a' + 10;
  if (byte >= 'A' && byte <= 'F') return byte - 'A' + 10;
  return 16;
}

}  // namespace

std::string_view Trim(std::string_view text) {
  while (!text.empty() && IsSpace(text.back())) text.remove_suffix(1);
  while (!text.empty() && IsSpace(text.front())) text.remove_prefix(1);
  return text;
}

double ParseInteger(std::string_view text) {
  const bool negative = !text.empty() && text.front() == '-';
  if (negative) text.remove_prefix(1);
  int base = 10;
  if (text.size() > 2 && text[0] == '0' && (text[1] == 'x' || text[1] == 'X')) {
    base = 16;
    text.remove_prefix(2);
  }
  if (text.empty()) return kNoNumber;
  int64_t value = 0;
  for (const char byte : text) {
    const int digit = DigitValue(byte);
    if (digit >= base) return kNoNumber;
    if (value > kMaxSafeInteger) return kNoNumber;
    value = value * base + digit;
  }
  if (value > kMaxSafeInteger) return kNoNumber;
  return static_cast<double>(negative ? -value : value);
}

void ParseIntegers(std::string_view text, double* numbers, size_t count) {
  constexpr ptrdiff_t kAlwaysSafeDigits = 15;
  const char* at = text.data();
  const char* const end = at + text.size();
  for (size_t i = 0; i < count; i++) {
    if (end - at > ptrdiff_t{kFieldSize} && ParseField(at, numbers[i])) continue;
    while (at != end && IsSpace(*at)) at++;
    const char* const start = at;
    uint64_t value = 0;
    for (; at != end; at++) {
      const unsigned digit = static_cast<unsigned char>(*at) - unsigned{'0'};
      if (digit > 9) break;
      value = value * 10 + digit;
    }
    if (at != start && at - start <= kAlwaysSafeDigits && (at == end || IsSpace(*at))) {
      numbers[i] = static_cast<double>(value);
    } else {
      while (at != end && !IsSpace(*at)) at++;
      numbers[i] = ParseInteger(std::string_view(start, static_cast<size_t>(at - start)));
    }
    // Skips one white-space byte, so that the next field starts at its padding.
    if (at != end) at++;
  }
}

double CanonicalNumber(std::string_view digits) {
  if (digits.empty() || digits.size() > 16 || (digits.size() > 1 && digits[0] == '0')) return kNoNumber;
  int64_t value = 0;
  for (const char byte : digits) {
    if (byte < '0' || byte > '9') return kNoNumber;
    value = value * 10 + (byte - '0');
  }
  return value > kMaxSafeInteger ? kNoNumber : static_cast<double>(value);
}

double NumberAfter(std::string_view prefix, std::string_view path) {
  while (true) {
    const size_t slash = path.rfind('/');
    const std::string_view component = slash == std::string_view::npos ? path : path.substr(slash + 1);
    if (component.size() > prefix.size() && StartsWith(component, prefix)) {
      const double number = CanonicalNumber(component.substr(prefix.size()));
      if (number == number) return number;
    }
    if (slash == std::string_view::npos) return kNoNumber;
    path = path.substr(0, slash);
  }
}

void AppendNumber(std::string& text, double number) {
  char digits[24];
  const auto end = std::to_chars(digits, digits + sizeof digits, static_cast<int64_t>(number)).ptr;
  text.append(digits, end);
}

std::string ToHex(std::string_view bytes) {
  constexpr char kDigits[] = "0123456789abcdef";
  std::string text;
  text.reserve(bytes.size() * 2);
  for (const char byte : bytes) {
    text += kDigits[static_cast<unsigned char>(byte) >> 4];
    text += kDigits[static_cast<unsigned char>(byte) & 15];
  }
  return text;
}

bool IsAscii(std::string_view bytes) {
  unsigned char seen = 0;
  for (const char byte : bytes) seen |= static_cast<unsigned char>(byte);
  return seen < 0x80;
}

}  // namespace fast_sysfs
