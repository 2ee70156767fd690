#ifndef FAST_SYSFS_EXECUTOR_H
#define FAST_SYSFS_EXECUTOR_H

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "async_run.h"
#include "device_path.h"
#include "files.h"
#include "pattern.h"
#include "program.h"

namespace fast_sysfs {

// The rows of a run in the order of evaluation, flattened so that they pass to JavaScript as two values. `text` is the
// concatenation of all texts. Each value has one cell. The cell of a text is its end offset in `text` (-1: null), that
// of a number the number (NaN: null), that of a boolean 0 or 1, and that of a list its number of rows, whose cells
// follow. After the rows come two cells for each unreadable attribute: the end offset of its path, and its errno.
struct Result {
  std::string text;
  std::vector<double> cells;
  size_t unreadable_count = 0;
};

// Runs programs, one at a time. Its buffers are reused by the next run. It keeps no descriptors open between runs.
class Executor {
 public:
  Executor();

  // Returns at most `limit` rows in result(). Returns false, with failure(), if the process lacks a resource or a
  // permission, or if `async_run` was cancelled. `async_run` may be null; otherwise every system call is announced to
  // it. A call on a path where another asynchronous run is hung is not made and counts as failed with ETIMEDOUT. Does
  // not throw.
  bool Run(const Program& program, const Roots& roots, const std::vector<std::string>& parameters, uint32_t limit,
           AsyncRun* async_run = nullptr);

  const Result& result() const { return result_; }
  const Failure& failure() const { return failure_; }

 private:
  enum class Outcome { kKept, kDropped, kFailed };

  // A directory that is open while its rows are read.
  struct Level {
    int directory = -1;
    const Level* base = nullptr;  // the directory that `path` is relative to; null: the path is absolute
    std::string path;
    Names names;
    std::string entry_path;  // the path that is being read, relative to this directory
  };

  // A path relative to an open directory. Steps append to the path and restore it.
  struct Location {
    const Level* base;  // null: the path is absolute
    std::string& path;

    int directory() const;
  };

  struct Unreadable {
    std::string path;
    int error;
  };

  bool RunProgram(const Program& program, const Roots& roots, const std::vector<std::string>& parameters,
                  uint32_t limit);
  bool RunOnce(uint32_t limit);
  bool RunList(const List& list, Location location, uint32_t depth, uint32_t limit, uint32_t& count);
  bool RunScannedList(const List& list, Location location, uint32_t depth, uint32_t limit, uint32_t& count);
  bool Scan(const List& list, Location location, uint32_t depth, Descriptor& directory);
  Outcome RunRow(const List& list, Location location, std::string_view entry, uint32_t depth);
  // Opens the directory of the row's attributes. Returns null if the attributes are read by their whole paths.
  Level* OpenForAttributes(const List& list, Location location, uint32_t depth, Descriptor& opened);
  Outcome RunStep(const Step& step, Location location, uint32_t depth, Level* opened);
  Outcome ReadAttributeOf(const Step& step, Location location, Level* opened);
  Outcome ReadExistence(const Step& step, Location location);
  Outcome ReadLinkOf(const Step& step, Location location);
  Outcome ReadNested(const Step& step, Location location, uint32_t depth);
  Outcome Emit(const Step& step, std::string_view text);
  Outcome EmitNumber(const Step& step, double number);
  Outcome EmitNull(const Step& step);
  bool Holds(const Condition& condition, std::string_view value) const;
  bool Exists(Location location, bool& exists);
  // Returns 0, or the error with which the system call counts as failed.
  int BeginCall(const char* syscall, Location location);
  // Whether the run continues after an error. An error other than a missing file is added to unreadable_.
  bool Tolerate(int error, const char* syscall, Location location);
  void AppendUnreadable();
  static std::string FullPath(Location location);

  const Program* program_ = nullptr;
  const Roots* roots_ = nullptr;
  AsyncRun* async_run_ = nullptr;
  Bindings bindings_;
  std::vector<Level> levels_;  // by level
  std::vector<Level> opened_;  // by level; `entry_path` is empty between two attributes
  Result result_;
  Failure failure_;
  std::vector<Unreadable> unreadable_;
  std::string link_;
  bool has_link_ = false;
  bool is_root_missing_ = false;
  std::vector<char> buffer_;
};

}  // namespace fast_sysfs

#endif
