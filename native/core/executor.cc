#include "executor.h"

#include <fcntl.h>
#include <limits.h>

#include <cerrno>
#include <exception>
#include <limits>

#include "bytes.h"

namespace fast_sysfs {

namespace {

constexpr double kNull = -1;
constexpr double kNoNumber = std::numeric_limits<double>::quiet_NaN();
static_assert(kAttributeSize >= PATH_MAX, "the buffer also holds link texts");

// Restores the length of a path at the end of the scope.
class PathRestorer {
 public:
  explicit PathRestorer(std::string& path) : path_(path), size_(path.size()) {}
  PathRestorer(const PathRestorer&) = delete;
  PathRestorer& operator=(const PathRestorer&) = delete;
  ~PathRestorer() { path_.resize(size_); }

 private:
  std::string& path_;
  size_t size_;
};

}  // namespace

Executor::Executor() : buffer_(kAttributeSize) {}

bool Executor::Run(const Program& program, const Roots& roots, const std::vector<std::string>& parameters,
                   uint32_t limit, AsyncRun* async_run) {
  async_run_ = async_run;
  try {
    return RunProgram(program, roots, parameters, limit);
  } catch (const std::exception&) {
    // The failure has no path, because a path might need memory. Clearing the result frees memory for the error.
    failure_ = {ENOMEM, "malloc", {}};
    result_ = {};
    return false;
  }
}

bool Executor::RunProgram(const Program& program, const Roots& roots, const std::vector<std::string>& parameters,
                          uint32_t limit) {
  program_ = &program;
  roots_ = &roots;
  bindings_.parameters = parameters;
  bindings_.slots.assign(program.slot_count, kNoNumber);
  bindings_.entries.resize(program.level_count);
  // Resized here, because Location and Level point to the elements during the run.
  if (levels_.size() < program.level_count) {
    levels_.resize(program.level_count);
    opened_.resize(program.level_count);
  }
  if (program.device_parameter == kNoDevice) return RunOnce(limit);

  result_.text.clear();
  result_.cells.assign(1, 0);
  result_.unreadable_count = 0;
  ResolvedDevice device;
  std::string& parameter = bindings_.parameters[program.device_parameter];
  if (!ResolveDevice(roots, async_run_, parameter, device, failure_)) return false;
  if (!device.name.empty() && StartsWith(device.name, program.device_prefix)) {
    parameter = device.name;
    if (!RunOnce(limit)) return false;
    if (result_.cells[0] > 0 || !is_root_missing_) return true;
  }
  if (device.node.empty()) return true;

  // The node under /dev is not named after the device. Its device number identifies the device.
  std::string name;
  if (!DeviceOfNode(roots, async_run_, device.node, name, failure_)) return false;
  if (name.empty() || name == device.name || !StartsWith(name, program.device_prefix)) return true;
  parameter = name;
  return RunOnce(limit);
}

bool Executor::RunOnce(uint32_t limit) {
  result_.text.clear();
  result_.cells.assign(1, 0);
  unreadable_.clear();
  is_root_missing_ = false;
  std::string path = roots_->sys;
  uint32_t count = 0;
  if (!RunList(program_->root, {nullptr, path}, 0, limit, count)) return false;
  result_.cells[0] = count;
  AppendUnreadable();
  return true;
}

// Appends the rows after the cell that the caller appended for their number.
bool Executor::RunList(const List& list, Location location, uint32_t depth, uint32_t limit, uint32_t& count) {
  const PathRestorer restorer(location.path);
  if (!list.directory.empty()) {
    location.path += '/';
    if (!bindings_.Expand(list.directory, location.path)) return true;
  }
  if (!list.is_one_entry && !list.has_probe_first) return RunScannedList(list, location, depth, limit, count);

  std::string entry;
  if (bindings_.Expand(list.is_one_entry ? list.pattern : list.probe_first, entry) &&
      (list.is_one_entry || Match(list.pattern, entry, bindings_))) {
    const PathRestorer entry_restorer(location.path);
    bool exists = true;
    if (!entry.empty()) {  // an empty entry is the directory itself
      location.path += '/';
      location.path += entry;
      if (!list.has_condition && !Exists(location, exists)) return false;
    }
    const Outcome outcome = exists ? RunRow(list, location, entry, depth) : Outcome::kDropped;
    if (outcome == Outcome::kFailed) return false;
    if (outcome == Outcome::kKept) {
      count++;
      return true;
    }
  }
  if (!list.is_one_entry) return RunScannedList(list, location, depth, limit, count);
  if (depth == 0) is_root_missing_ = true;
  return true;
}

bool Executor::RunScannedList(const List& list, Location location, uint32_t depth, uint32_t limit, uint32_t& count) {
  Descriptor directory;
  if (!Scan(list, location, depth, directory)) return false;
  Level& level = levels_[depth];
  for (size_t i = 0; i < level.names.size() && count < limit; i++) {
    const std::string_view entry = level.names[i];
    if (list.has_captures) Match(list.pattern, entry, bindings_);
    level.entry_path = entry;
    const Outcome outcome = RunRow(list, {&level, level.entry_path}, entry, depth);
    if (outcome == Outcome::kFailed) return false;
    if (outcome == Outcome::kKept) count++;
  }
  return true;
}

// Opens the directory and collects the matching names in byte order.
bool Executor::Scan(const List& list, Location location, uint32_t depth, Descriptor& directory) {
  Level& level = levels_[depth];
  level.names.Clear();
  // Unlike a result without one attribute, a result without a whole directory would be wrong.
  const int refusal = BeginCall("scandir", location);
  if (refusal != 0) {
    failure_ = {refusal, "scandir", FullPath(location)};
    return false;
  }
  int error = OpenDirectory(location.directory(), location.path.c_str(), directory);
  if (error == 0) {
    level.directory = directory.number();
    level.base = location.base;
    level.path = location.path;
    error = ForEachEntry(level.directory, buffer_.data(), [&](std::string_view name) {
      if (Match(list.pattern, name, bindings_)) level.names.Add(name);
    });
  }
  if (error != 0) {
    level.names.Clear();
    if (depth == 0 && IsGone(error)) is_root_missing_ = true;
    if (error == EACCES || error == EPERM) {
      failure_ = {error, "scandir", FullPath(location)};
      return false;
    }
    return Tolerate(error, "scandir", location);
  }
  level.names.SortByBytes();
  return true;
}

// `location` is the entry. The text and cells of a dropped row are removed.
Executor::Outcome Executor::RunRow(const List& list, Location location, std::string_view entry, uint32_t depth) {
  bindings_.entries[depth] = entry;
  const size_t text_size = result_.text.size();
  const size_t cell_count = result_.cells.size();
  Descriptor descriptor;
  Level* opened = nullptr;
  for (size_t i = 0; i < list.steps.size(); i++) {
    if (i == list.opens_before) opened = OpenForAttributes(list, location, depth, descriptor);
    const Outcome outcome = RunStep(list.steps[i], location, depth, opened);
    if (outcome == Outcome::kKept) continue;
    result_.text.resize(text_size);
    result_.cells.resize(cell_count);
    return outcome;
  }
  return Outcome::kKept;
}

Executor::Level* Executor::OpenForAttributes(const List& list, Location location, uint32_t depth, Descriptor& opened) {
  // AsyncRun detects hung calls by path. All runs must therefore read an attribute by the same path.
  if (async_run_ != nullptr) return nullptr;
  Level& level = opened_[depth];
  level.base = location.base;
  level.path = location.path;
  if (!list.opened.empty()) {
    level.path += '/';
    level.path += list.opened;
  }
  // If this fails, reading the attributes by their whole paths reports the error.
  if (OpenBase(location.directory(), level.path.c_str(), opened) != 0) return nullptr;
  level.directory = opened.number();
  return &level;
}

Executor::Outcome Executor::RunStep(const Step& step, Location location, uint32_t depth, Level* opened) {
  switch (step.reading.kind) {
    case Reading::Kind::kName:
      return Emit(step, bindings_.entries[depth]);
    case Reading::Kind::kCapture:
      return EmitNumber(step, bindings_.slots[step.reading.slot]);
    case Reading::Kind::kText:
    case Reading::Kind::kInteger:
    case Reading::Kind::kHex:
      return ReadAttributeOf(step, location, opened);
    case Reading::Kind::kExists:
      return ReadExistence(step, location);
    case Reading::Kind::kLink:
    case Reading::Kind::kNumberFromLink:
      return ReadLinkOf(step, location);
    case Reading::Kind::kList:
      break;
  }
  return ReadNested(step, location, depth);
}

Executor::Outcome Executor::ReadAttributeOf(const Step& step, Location row, Level* opened) {
  const bool is_in_opened = opened != nullptr && !step.reading.path_in_opened.empty();
  const Location location = is_in_opened ? Location{opened, opened->entry_path} : row;
  const PathRestorer restorer(location.path);
  if (!is_in_opened) location.path += '/';
  if (!bindings_.Expand(is_in_opened ? step.reading.path_in_opened : step.reading.path, location.path)) {
    return EmitNull(step);
  }
  std::string_view content;
  ReadStep failed_step = ReadStep::kRead;
  int error = BeginCall("read", location);
  if (error == 0)
    error = ReadAttribute(location.directory(), location.path.c_str(), buffer_.data(), content, failed_step);
  if (error != 0) {
    return Tolerate(error, failed_step == ReadStep::kOpen ? "open" : "read", location) ? EmitNull(step)
                                                                                       : Outcome::kFailed;
  }
  if (step.reading.kind == Reading::Kind::kHex) return Emit(step, ToHex(content));
  content = Trim(content);
  return step.reading.kind == Reading::Kind::kText ? Emit(step, content) : EmitNumber(step, ParseInteger(content));
}

Executor::Outcome Executor::ReadExistence(const Step& step, Location location) {
  const PathRestorer restorer(location.path);
  location.path += '/';
  bool exists = false;
  if (bindings_.Expand(step.reading.path, location.path) && !Exists(location, exists)) return Outcome::kFailed;
  if (!exists && step.condition.kind != Condition::Kind::kNone) return Outcome::kDropped;
  result_.cells.push_back(exists ? 1 : 0);
  return Outcome::kKept;
}

Executor::Outcome Executor::ReadLinkOf(const Step& step, Location location) {
  const Reading& reading = step.reading;
  if (!reading.reuses_link) {
    has_link_ = false;
    const PathRestorer restorer(location.path);
    bool is_complete = true;
    if (!reading.is_entry_itself) {
      location.path += '/';
      is_complete = bindings_.Expand(reading.path, location.path);
    }
    if (is_complete) {
      std::string_view text;
      int error = BeginCall("readlink", location);
      if (error == 0) error = ReadLink(location.directory(), location.path.c_str(), buffer_.data(), text);
      // EINVAL: the file exists but is not a link.
      if (error != 0 && error != EINVAL && !Tolerate(error, "readlink", location)) return Outcome::kFailed;
      if (error == 0) {
        link_ = text;
        has_link_ = true;
      }
    }
  }
  if (!has_link_) return EmitNull(step);
  if (reading.kind == Reading::Kind::kLink) return Emit(step, link_);
  return EmitNumber(step, NumberAfter(reading.prefix, link_));
}

Executor::Outcome Executor::ReadNested(const Step& step, Location location, uint32_t depth) {
  const size_t count_cell = result_.cells.size();
  result_.cells.push_back(0);
  uint32_t count = 0;
  if (!RunList(*step.reading.list, location, depth + 1, UINT32_MAX, count)) return Outcome::kFailed;
  if (count == 0 && step.condition.kind != Condition::Kind::kNone) return Outcome::kDropped;
  result_.cells[count_cell] = count;
  return Outcome::kKept;
}

Executor::Outcome Executor::Emit(const Step& step, std::string_view text) {
  if (!Holds(step.condition, text)) return Outcome::kDropped;
  result_.text.append(text);
  result_.cells.push_back(static_cast<double>(result_.text.size()));
  return Outcome::kKept;
}

Executor::Outcome Executor::EmitNumber(const Step& step, double number) {
  if (step.slot != kNoSlot) bindings_.slots[step.slot] = number;
  if (number != number) return EmitNull(step);
  if (step.condition.kind > Condition::Kind::kRequired) {
    std::string text;
    AppendNumber(text, number);
    if (!Holds(step.condition, text)) return Outcome::kDropped;
  }
  result_.cells.push_back(number);
  return Outcome::kKept;
}

Executor::Outcome Executor::EmitNull(const Step& step) {
  if (step.slot != kNoSlot) bindings_.slots[step.slot] = kNoNumber;
  if (step.condition.kind != Condition::Kind::kNone) return Outcome::kDropped;
  const Reading::Kind kind = step.reading.kind;
  const bool is_text = kind == Reading::Kind::kText || kind == Reading::Kind::kHex || kind == Reading::Kind::kLink;
  result_.cells.push_back(is_text ? kNull : kNoNumber);
  return Outcome::kKept;
}

bool Executor::Holds(const Condition& condition, std::string_view value) const {
  switch (condition.kind) {
    case Condition::Kind::kNone:
    case Condition::Kind::kRequired:
      return true;
    case Condition::Kind::kEqualsConstant:
      return value == condition.constant;
    case Condition::Kind::kEqualsParameter:
      return value == bindings_.parameters[condition.parameter];
  }
  return false;
}

bool Executor::Exists(Location location, bool& exists) {
  int error = BeginCall("access", location);
  if (error == 0) error = Access(location.directory(), location.path.c_str());
  exists = error == 0;
  return exists || Tolerate(error, "access", location);
}

int Executor::BeginCall(const char* syscall, Location location) {
  return async_run_ == nullptr ? 0 : async_run_->BeginCall(syscall, FullPath(location));
}

bool Executor::Tolerate(int error, const char* syscall, Location location) {
  if (IsResourceError(error) || (async_run_ != nullptr && async_run_->IsCancelled())) {
    failure_ = {error, syscall, FullPath(location)};
    return false;
  }
  if (!IsGone(error)) unreadable_.push_back({FullPath(location), error});
  return true;
}

void Executor::AppendUnreadable() {
  result_.unreadable_count = unreadable_.size();
  for (const Unreadable& unreadable : unreadable_) {
    result_.text += unreadable.path;
    result_.cells.push_back(static_cast<double>(result_.text.size()));
    result_.cells.push_back(unreadable.error);
  }
}

int Executor::Location::directory() const { return base == nullptr ? AT_FDCWD : base->directory; }

std::string Executor::FullPath(Location location) {
  std::string path = location.path;
  for (const Level* level = location.base; level != nullptr; level = level->base) {
    path.insert(0, 1, '/');
    path.insert(0, level->path);
  }
  return path;
}

}  // namespace fast_sysfs
