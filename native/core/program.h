#ifndef FAST_SYSFS_PROGRAM_H
#define FAST_SYSFS_PROGRAM_H

#include <cstddef>
#include <cstdint>
#include <iterator>
#include <memory>
#include <string>
#include <vector>

namespace fast_sysfs {

// An encoded program contains the numbers of the Kind enumerations below. The encoder in TypeScript looks the numbers
// up by name in these tables, which the addon exports.

// A part of a path or pattern. kStar and kCapture occur only in patterns.
struct Token {
  enum class Kind : uint32_t { kLiteral, kParameter, kSlot, kEntry, kStar, kCapture };
  static constexpr const char* kKindNames[] = {"literal", "parameter", "slot", "entry", "star", "capture"};
  Kind kind;
  uint32_t index;
  std::string literal;
};

static_assert(std::size(Token::kKindNames) == static_cast<size_t>(Token::Kind::kCapture) + 1);

using Tokens = std::vector<Token>;

struct List;

struct Reading {
  enum class Kind : uint32_t { kName, kCapture, kText, kInteger, kHex, kExists, kLink, kNumberFromLink, kList };
  static constexpr const char* kKindNames[] = {"name",   "capture", "text",           "integer", "hex",
                                               "exists", "link",    "numberFromLink", "list"};
  Kind kind;
  uint32_t slot = 0;             // kCapture: the slot of the captured number
  bool is_entry_itself = false;  // kLink, kNumberFromLink: the link is the entry, and there is no path
  bool reuses_link = false;      // kLink, kNumberFromLink: the previous step read the same link
  Tokens path;
  Tokens path_in_opened;  // the path relative to List::opened; empty if the attribute is not read from there
  std::string prefix;     // kNumberFromLink
  std::unique_ptr<List> list;
};

static_assert(std::size(Reading::kKindNames) == static_cast<size_t>(Reading::Kind::kList) + 1);

struct Condition {
  enum class Kind : uint32_t { kNone, kRequired, kEqualsConstant, kEqualsParameter };
  static constexpr const char* kKindNames[] = {"none", "required", "equalsConstant", "equalsParameter"};
  Kind kind;
  uint32_t parameter = 0;
  std::string constant;
};

static_assert(std::size(Condition::kKindNames) == static_cast<size_t>(Condition::Kind::kEqualsParameter) + 1);

constexpr uint32_t kNoSlot = UINT32_MAX;

struct Step {
  Reading reading;
  uint32_t slot;  // the slot that stores the number, or kNoSlot
  Condition condition;
};

struct List {
  Tokens directory;
  Tokens pattern;
  bool is_one_entry;
  bool has_probe_first;
  Tokens probe_first;
  bool has_condition;
  bool has_captures;
  std::vector<Step> steps;
  // If a row has many attributes, their common directory is opened once, before this step, so that the kernel does not
  // resolve the whole path for each attribute. No later step has a condition that could drop the row. The value is
  // steps.size() if no directory is opened.
  size_t opens_before;
  // The directory to open, relative to the entry. Empty means the entry itself.
  std::string opened;
};

constexpr uint32_t kNoDevice = UINT32_MAX;

// A compiled query. lib/query/program.ts compiles it, and lib/executor/encode.ts encodes it.
struct Program {
  uint32_t parameter_count = 0;
  uint32_t device_parameter = kNoDevice;
  std::string device_prefix;  // the required prefix of the device's kernel name
  uint32_t slot_count = 0;
  uint32_t level_count = 0;
  List root;

  // Returns null if the bytes are not a valid program.
  static std::unique_ptr<Program> Decode(const uint8_t* bytes, size_t size);
};

}  // namespace fast_sysfs

#endif
