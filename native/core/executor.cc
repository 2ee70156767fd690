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
static_assert(kAttributeSize >= PATH_MAX, "the buffer takes link texts too");

// Lengthens a path for as long as this lives.
class Below {
 public:
  explicit Below(std::string& path) : path_(path), size_(path.size()) {}
  Below(const Below&) = delete;
  Below& operator=(const Below&) = delete;
  ~Below() { path_.resize(size_); }

 private:
  std::string& path_;
  size_t size_;
};

}  // namespace

Executor::Executor() : buffer_(kAttributeSize) {}

bool Executor::Run(const Program& program, const Roots& roots, const std::vector<std::string>& parameters,
                   uint32_t limit, Flight* flight) {
  flight_ = flight;
  try {
    return RunProgram(program, roots, parameters, limit);
  } catch (const std::exception&) {
    // Without a path, which would take memory itself. What was kept of the result would be in the way of the error.
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
  // Made before any is pointed to.
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
  if (!ResolveDevice(roots, flight_, parameter, device, failure_)) return false;
  if (!device.name.empty() && StartsWith(device.name, program.device_prefix)) {
    parameter = device.name;
    if (!RunOnce(limit)) return false;
    if (result_.cells[0] > 0 || !root_is_gone_) return true;
  }
  if (device.node.empty()) return true;

  // The node under /dev does not have the kernel's name: its device number tells which it is.
  std::string name;
  if (!DeviceOfNode(roots, flight_, device.node, name, failure_)) return false;
  if (name.empty() || name == device.name || !StartsWith(name, program.device_prefix)) return true;
  parameter = name;
  return RunOnce(limit);
}

bool Executor::RunOnce(uint32_t limit) {
  result_.text.clear();
  result_.cells.assign(1, 0);
  unreadable_.clear();
  root_is_gone_ = false;
  std::string path = roots_->sys;
  uint32_t count = 0;
  if (!RunList(program_->root, {nullptr, path}, 0, limit, count)) return false;
  result_.cells[0] = count;
  AppendUnreadable();
  return true;
}

// Rows follow the cell that the caller made for their number.
bool Executor::RunList(const List& list, Place place, uint32_t depth, uint32_t limit, uint32_t& count) {
  const Below below(place.path);
  if (!list.directory.empty()) {
    place.path += '/';
    if (!bindings_.Expand(list.directory, place.path)) return true;
  }
  if (!list.is_one_entry && !list.has_try_first) return RunScannedList(list, place, depth, limit, count);

  std::string entry;
  if (bindings_.Expand(list.is_one_entry ? list.pattern : list.try_first, entry) &&
      (list.is_one_entry || Match(list.pattern, entry, bindings_))) {
    const Below below_directory(place.path);
    bool exists = true;
    if (!entry.empty()) {  // empty: the directory itself
      place.path += '/';
      place.path += entry;
      if (!list.has_condition && !Exists(place, exists)) return false;
    }
    const Outcome outcome = exists ? RunRow(list, place, entry, depth) : Outcome::kDropped;
    if (outcome == Outcome::kFailed) return false;
    if (outcome == Outcome::kKept) {
      count++;
      return true;
    }
  }
  if (!list.is_one_entry) return RunScannedList(list, place, depth, limit, count);
  if (depth == 0) root_is_gone_ = true;
  return true;
}

bool Executor::RunScannedList(const List& list, Place place, uint32_t depth, uint32_t limit, uint32_t& count) {
  Descriptor directory;
  if (!Scan(list, place, depth, directory)) return false;
  Level& level = levels_[depth];
  for (size_t i = 0; i < level.names.size() && count < limit; i++) {
    const std::string_view entry = level.names[i];
    if (list.has_captures) Match(list.pattern, entry, bindings_);
    level.at = entry;
    const Outcome outcome = RunRow(list, {&level, level.at}, entry, depth);
    if (outcome == Outcome::kFailed) return false;
    if (outcome == Outcome::kKept) count++;
  }
  return true;
}

// Opens the directory and takes the names that match, in byte order.
bool Executor::Scan(const List& list, Place place, uint32_t depth, Descriptor& directory) {
  Level& level = levels_[depth];
  level.names.Clear();
  // Without what hangs the answer would not be incomplete, as without an attribute, but wrong.
  const int refused = Enter("scandir", place);
  if (refused != 0) {
    failure_ = {refused, "scandir", FullPath(place)};
    return false;
  }
  int error = OpenDirectory(place.directory(), place.path.c_str(), directory);
  if (error == 0) {
    level.directory = directory.number();
    level.base = place.base;
    level.path = place.path;
    error = ForEachEntry(level.directory, buffer_.data(), [&](std::string_view name) {
      if (Match(list.pattern, name, bindings_)) level.names.Add(name);
    });
  }
  if (error != 0) {
    level.names.Clear();
    if (depth == 0 && IsGone(error)) root_is_gone_ = true;
    if (error == EACCES || error == EPERM) {
      failure_ = {error, "scandir", FullPath(place)};
      return false;
    }
    return Tolerate(error, "scandir", place);
  }
  level.names.SortByBytes();
  return true;
}

// `place` is the entry. A dropped row leaves nothing behind.
Executor::Outcome Executor::RunRow(const List& list, Place place, std::string_view entry, uint32_t depth) {
  bindings_.entries[depth] = entry;
  const size_t text_size = result_.text.size();
  const size_t cell_count = result_.cells.size();
  Descriptor descriptor;
  Level* opened = nullptr;
  for (size_t i = 0; i < list.steps.size(); i++) {
    if (i == list.opens_before) opened = OpenForAttributes(list, place, depth, descriptor);
    const Outcome outcome = RunStep(list.steps[i], place, depth, opened);
    if (outcome == Outcome::kKept) continue;
    result_.text.resize(text_size);
    result_.cells.resize(cell_count);
    return outcome;
  }
  return Outcome::kKept;
}

Executor::Level* Executor::OpenForAttributes(const List& list, Place place, uint32_t depth, Descriptor& opened) {
  // What hangs is told by its path (see Flight), which must be the same for all who read it.
  if (flight_ != nullptr) return nullptr;
  Level& level = opened_[depth];
  level.base = place.base;
  level.path = place.path;
  if (!list.opened.empty()) {
    level.path += '/';
    level.path += list.opened;
  }
  // Where it cannot be opened the attributes say themselves what is the matter.
  if (OpenPlace(place.directory(), level.path.c_str(), opened) != 0) return nullptr;
  level.directory = opened.number();
  return &level;
}

Executor::Outcome Executor::RunStep(const Step& step, Place place, uint32_t depth, Level* opened) {
  switch (step.reading.kind) {
    case Reading::Kind::kName:
      return Emit(step, bindings_.entries[depth]);
    case Reading::Kind::kCaptured:
      return EmitNumber(step, bindings_.slots[step.reading.slot]);
    case Reading::Kind::kText:
    case Reading::Kind::kInteger:
    case Reading::Kind::kHex:
      return ReadAttributeOf(step, place, opened);
    case Reading::Kind::kExists:
      return ReadExistence(step, place);
    case Reading::Kind::kLink:
    case Reading::Kind::kLinkNumber:
      return ReadLinkOf(step, place);
    case Reading::Kind::kList:
      break;
  }
  return ReadNested(step, place, depth);
}

Executor::Outcome Executor::ReadAttributeOf(const Step& step, Place row, Level* opened) {
  const bool is_below_opened = opened != nullptr && !step.reading.path_below.empty();
  const Place place = is_below_opened ? Place{opened, opened->at} : row;
  const Below below(place.path);
  if (!is_below_opened) place.path += '/';
  if (!bindings_.Expand(is_below_opened ? step.reading.path_below : step.reading.path, place.path)) {
    return EmitNull(step);
  }
  std::string_view content;
  Part failed = Part::kRead;
  int error = Enter("read", place);
  if (error == 0) error = ReadAttribute(place.directory(), place.path.c_str(), buffer_.data(), content, failed);
  if (error != 0) {
    return Tolerate(error, failed == Part::kOpen ? "open" : "read", place) ? EmitNull(step) : Outcome::kFailed;
  }
  if (step.reading.kind == Reading::Kind::kHex) return Emit(step, ToHex(content));
  content = Trim(content);
  return step.reading.kind == Reading::Kind::kText ? Emit(step, content) : EmitNumber(step, ParseInteger(content));
}

Executor::Outcome Executor::ReadExistence(const Step& step, Place place) {
  const Below below(place.path);
  place.path += '/';
  bool exists = false;
  if (bindings_.Expand(step.reading.path, place.path) && !Exists(place, exists)) return Outcome::kFailed;
  if (!exists && step.condition.kind != Condition::Kind::kNone) return Outcome::kDropped;
  result_.cells.push_back(exists ? 1 : 0);
  return Outcome::kKept;
}

Executor::Outcome Executor::ReadLinkOf(const Step& step, Place place) {
  const Reading& reading = step.reading;
  if (!reading.reuses_link) {
    has_link_ = false;
    const Below below(place.path);
    bool is_complete = true;
    if (!reading.is_entry_itself) {
      place.path += '/';
      is_complete = bindings_.Expand(reading.path, place.path);
    }
    if (is_complete) {
      std::string_view text;
      int error = Enter("readlink", place);
      if (error == 0) error = ReadLink(place.directory(), place.path.c_str(), buffer_.data(), text);
      // EINVAL: it is there, but no link.
      if (error != 0 && error != EINVAL && !Tolerate(error, "readlink", place)) return Outcome::kFailed;
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

Executor::Outcome Executor::ReadNested(const Step& step, Place place, uint32_t depth) {
  const size_t count_cell = result_.cells.size();
  result_.cells.push_back(0);
  uint32_t count = 0;
  if (!RunList(*step.reading.list, place, depth + 1, UINT32_MAX, count)) return Outcome::kFailed;
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

bool Executor::Exists(Place place, bool& exists) {
  int error = Enter("access", place);
  if (error == 0) error = Access(place.directory(), place.path.c_str());
  exists = error == 0;
  return exists || Tolerate(error, "access", place);
}

int Executor::Enter(const char* syscall, Place place) {
  return flight_ == nullptr ? 0 : flight_->Enter(syscall, FullPath(place));
}

bool Executor::Tolerate(int error, const char* syscall, Place place) {
  if (IsProcessTrouble(error) || (flight_ != nullptr && flight_->IsStopped())) {
    failure_ = {error, syscall, FullPath(place)};
    return false;
  }
  if (!IsGone(error)) unreadable_.push_back({FullPath(place), error});
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

int Executor::Place::directory() const { return base == nullptr ? AT_FDCWD : base->directory; }

std::string Executor::FullPath(Place place) {
  std::string path = place.path;
  for (const Level* level = place.base; level != nullptr; level = level->base) {
    path.insert(0, 1, '/');
    path.insert(0, level->path);
  }
  return path;
}

}  // namespace fast_sysfs
