#ifndef FAST_SYSFS_PROGRAM_H
#define FAST_SYSFS_PROGRAM_H

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace fast_sysfs {

// A part of a path or pattern; the last two stand in patterns only.
struct Token {
  enum class Kind : uint32_t { kLiteral, kParameter, kSlot, kEntry, kStar, kCapture };
  Kind kind;
  uint32_t index;
  std::string literal;
};

using Tokens = std::vector<Token>;

struct List;

struct Reading {
  enum class Kind : uint32_t { kName, kCaptured, kText, kInteger, kHex, kExists, kLink, kLinkNumber, kList };
  Kind kind;
  uint32_t slot = 0;             // kCaptured: the one it comes from
  bool is_entry_itself = false;  // kLink, kLinkNumber: no path
  bool reuses_link = false;      // the step before read the same link
  Tokens path;
  Tokens path_below;   // the same, in the directory that the list opens; empty where it is not below that
  std::string prefix;  // kLinkNumber
  std::unique_ptr<List> list;
};

struct Condition {
  enum class Kind : uint32_t { kNone, kRequired, kEqualsConstant, kEqualsParameter };
  Kind kind;
  uint32_t parameter = 0;
  std::string constant;
};

constexpr uint32_t kNoSlot = UINT32_MAX;

struct Step {
  Reading reading;
  uint32_t slot;  // where the number is kept, or kNoSlot
  Condition condition;
};

struct List {
  Tokens directory;
  Tokens pattern;
  bool is_one_entry;
  bool has_try_first;
  Tokens try_first;
  bool has_condition;
  bool has_captures;
  std::vector<Step> steps;
  // Where a row has many attributes to read, their directory is opened before this step, when no condition is left that
  // would drop the row: every attribute then costs the way from there only. Empty is the entry's own.
  size_t opens_before;  // steps.size(): never
  std::string opened;
};

constexpr uint32_t kNoDevice = UINT32_MAX;

// What lib/query/program.ts compiles; lib/executor/encode.ts writes its bytes.
struct Program {
  uint32_t parameter_count = 0;
  uint32_t device_parameter = kNoDevice;
  std::string device_prefix;  // how the device's kernel name must begin
  uint32_t slot_count = 0;
  uint32_t level_count = 0;
  List root;

  // Returns null where the bytes are no program.
  static std::unique_ptr<Program> Decode(const uint8_t* bytes, size_t size);
};

}  // namespace fast_sysfs

#endif
