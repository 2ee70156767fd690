#ifndef FAST_SYSFS_EXECUTOR_H
#define FAST_SYSFS_EXECUTOR_H

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "device_path.h"
#include "files.h"
#include "flight.h"
#include "pattern.h"
#include "program.h"

namespace fast_sysfs {

// The rows of a run, flattened in the order of evaluation so that they cross to JavaScript in two values. All texts
// stand one after the other. A cell is, for a text, where it ends (-1: null); for a number, the number (NaN: null); for
// a truth, 0 or 1; for a list, the number of its rows, which follow. After the rows come two cells for everything
// unreadable: where its path ends, and its errno.
struct Result {
  std::string text;
  std::vector<double> cells;
  size_t unreadable_count = 0;
};

// Runs programs, one at a time. It keeps its memory from run to run, and no descriptors.
class Executor {
 public:
  Executor();

  // Returns false where the process was refused or ran out of memory: see failure(). With a flight, it tells before
  // every system call which it is; where that hangs in another flight it is not made, and it is as if it had failed
  // with ETIMEDOUT. False too where the flight was stopped. Throws nothing.
  bool Run(const Program& program, const Roots& roots, const std::vector<std::string>& parameters, uint32_t limit,
           Flight* flight = nullptr);

  const Result& result() const { return result_; }
  const Failure& failure() const { return failure_; }

 private:
  enum class Outcome { kKept, kDropped, kFailed };

  // A directory that is open while its rows are read.
  struct Level {
    int directory = -1;
    const Level* base = nullptr;  // what `path` is relative to; null: it is absolute
    std::string path;
    Names names;
    std::string at;  // what is being read, relative to this directory
  };

  // What is being read: a path relative to an open directory. Steps lengthen it and cut it again.
  struct Place {
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
  bool RunList(const List& list, Place place, uint32_t depth, uint32_t limit, uint32_t& count);
  bool RunScannedList(const List& list, Place place, uint32_t depth, uint32_t limit, uint32_t& count);
  bool Scan(const List& list, Place place, uint32_t depth, Descriptor& directory);
  Outcome RunRow(const List& list, Place place, std::string_view entry, uint32_t depth);
  // The directory that was opened for the row's attributes; null where they are read by their whole paths.
  Level* OpenForAttributes(const List& list, Place place, uint32_t depth, Descriptor& opened);
  Outcome RunStep(const Step& step, Place place, uint32_t depth, Level* opened);
  Outcome ReadAttributeOf(const Step& step, Place place, Level* opened);
  Outcome ReadExistence(const Step& step, Place place);
  Outcome ReadLinkOf(const Step& step, Place place);
  Outcome ReadNested(const Step& step, Place place, uint32_t depth);
  Outcome Emit(const Step& step, std::string_view text);
  Outcome EmitNumber(const Step& step, double number);
  Outcome EmitNull(const Step& step);
  bool Holds(const Condition& condition, std::string_view value) const;
  bool Exists(Place place, bool& exists);
  // 0, or why a system call must not be made.
  int Enter(const char* syscall, Place place);
  // Says whether to go on after an error of a device.
  bool Tolerate(int error, const char* syscall, Place place);
  void AppendUnreadable();
  static std::string FullPath(Place place);

  const Program* program_ = nullptr;
  const Roots* roots_ = nullptr;
  Flight* flight_ = nullptr;
  Bindings bindings_;
  std::vector<Level> levels_;
  std::vector<Level> opened_;  // by level, too; between two attributes `at` is empty
  Result result_;
  Failure failure_;
  std::vector<Unreadable> unreadable_;
  std::string link_;
  bool has_link_ = false;
  bool root_is_gone_ = false;
  std::vector<char> buffer_;
};

}  // namespace fast_sysfs

#endif
