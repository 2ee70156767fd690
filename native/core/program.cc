#include "program.h"

#include <cstring>

namespace fast_sysfs {

namespace {

// The maximum nesting of lists. It bounds the recursion of decoding and running, and no real query reaches it.
constexpr uint32_t kMaxLevels = 64;

// The number of attributes from which opening their directory saves time. On sysfs that is two or three if a symbolic
// link leads to the directory, and more otherwise.
constexpr size_t kMinAttributesToOpen = 5;

// Whether the step reads an attribute whose path can be relative to an open directory. A path that begins with a
// parameter might be absolute.
bool HasRelativePath(const Step& step) {
  const Reading::Kind kind = step.reading.kind;
  if (kind != Reading::Kind::kText && kind != Reading::Kind::kInteger && kind != Reading::Kind::kHex) return false;
  const Tokens& path = step.reading.path;
  if (path.empty() || path[0].kind != Token::Kind::kLiteral) return false;
  const std::string& literal = path[0].literal;
  return !literal.empty() && literal[0] != '/' && literal.find("//") == std::string::npos;
}

// The directory part of the path's leading literal, which is the same for every row: `device` for `device/vendor`. The
// rest of the path begins with a literal too.
std::string_view LiteralDirectory(const Tokens& path) {
  std::string_view literal = path[0].literal;
  if (literal.back() == '/') literal.remove_suffix(1);
  const size_t slash = literal.rfind('/');
  return slash == std::string_view::npos ? std::string_view() : literal.substr(0, slash);
}

std::string_view CommonDirectory(std::string_view a, std::string_view b) {
  while (a != b) {
    std::string_view& longer = a.size() > b.size() ? a : b;
    const size_t slash = longer.rfind('/');
    longer = slash == std::string_view::npos ? std::string_view() : longer.substr(0, slash);
  }
  return a;
}

// Sets `opens_before` and `opened` of the list, and the paths relative to the opened directory.
void ChooseOpenedDirectory(List& list) {
  list.opens_before = list.steps.size();
  size_t first = list.steps.size();
  while (first > 0 && list.steps[first - 1].condition.kind == Condition::Kind::kNone) first--;
  std::vector<Step*> attributes;
  for (size_t i = first; i < list.steps.size(); i++) {
    if (HasRelativePath(list.steps[i])) attributes.push_back(&list.steps[i]);
  }
  if (attributes.size() < kMinAttributesToOpen) return;
  std::string_view directory = LiteralDirectory(attributes[0]->reading.path);
  for (const Step* step : attributes) directory = CommonDirectory(directory, LiteralDirectory(step->reading.path));
  list.opens_before = first;
  list.opened = directory;
  for (Step* step : attributes) {
    Reading& reading = step->reading;
    reading.path_in_opened = reading.path;
    if (!directory.empty()) reading.path_in_opened[0].literal.erase(0, directory.size() + 1);
  }
}

class Decoder {
 public:
  Decoder(const uint8_t* bytes, size_t size) : at_(bytes), end_(bytes + size) {}

  std::unique_ptr<Program> Decode() {
    auto program = std::make_unique<Program>();
    program->parameter_count = ReadNumber();
    program->device_parameter = ReadNumber();
    program->device_prefix = ReadText();
    program->slot_count = ReadNumber();
    program_ = program.get();
    // Every parameter and slot is used at least once, which takes more than one byte. This bounds the memory that their
    // numbers make Executor allocate.
    const auto remaining = static_cast<size_t>(end_ - at_);
    if (program->parameter_count > remaining || program->slot_count > remaining) return nullptr;
    if (program->device_parameter != kNoDevice) CheckIndex(program->device_parameter, program->parameter_count);
    ReadList(program->root, 0);
    if (failed_ || at_ != end_) return nullptr;
    return program;
  }

 private:
  uint32_t ReadNumber() {
    uint32_t number = 0;
    if (static_cast<size_t>(end_ - at_) < sizeof number) return Fail();
    std::memcpy(&number, at_, sizeof number);
    at_ += sizeof number;
    return number;
  }

  std::string ReadText() {
    const uint32_t size = ReadNumber();
    if (size > static_cast<size_t>(end_ - at_)) {
      Fail();
      return {};
    }
    std::string text(reinterpret_cast<const char*>(at_), size);
    at_ += size;
    return text;
  }

  uint32_t ReadIndex(uint32_t count) { return CheckIndex(ReadNumber(), count); }

  uint32_t CheckIndex(uint32_t index, uint32_t count) { return index < count ? index : Fail(); }

  // A kind that is at most `last`.
  template <typename Kind>
  Kind ReadKind(Kind last) {
    const uint32_t kind = ReadNumber();
    return kind <= static_cast<uint32_t>(last) ? static_cast<Kind>(kind) : static_cast<Kind>(Fail());
  }

  void ReadTokens(Tokens& tokens, uint32_t level, Token::Kind last) {
    const uint32_t count = ReadNumber();
    for (uint32_t i = 0; i < count && !failed_; i++) {
      Token token{ReadKind(last), 0, {}};
      switch (token.kind) {
        case Token::Kind::kLiteral:
          token.literal = ReadText();
          break;
        case Token::Kind::kParameter:
          token.index = ReadIndex(program_->parameter_count);
          break;
        case Token::Kind::kSlot:
        case Token::Kind::kCapture:
          token.index = ReadIndex(program_->slot_count);
          break;
        case Token::Kind::kEntry:
          token.index = ReadIndex(level);
          break;
        case Token::Kind::kStar:
          break;
      }
      tokens.push_back(std::move(token));
    }
  }

  void ReadList(List& list, uint32_t level) {
    if (level >= kMaxLevels) {
      Fail();
      return;
    }
    if (level + 1 > program_->level_count) program_->level_count = level + 1;
    ReadTokens(list.directory, level, Token::Kind::kEntry);
    ReadTokens(list.pattern, level, Token::Kind::kCapture);
    list.is_one_entry = true;
    list.has_captures = false;
    for (const Token& token : list.pattern) {
      if (token.kind == Token::Kind::kCapture) list.has_captures = true;
      if (token.kind >= Token::Kind::kStar) list.is_one_entry = false;
    }
    list.has_probe_first = ReadNumber() != 0;
    if (list.has_probe_first) ReadTokens(list.probe_first, level, Token::Kind::kEntry);
    const uint32_t count = ReadNumber();
    list.has_condition = false;
    for (uint32_t i = 0; i < count && !failed_; i++) {
      list.steps.push_back(ReadStep(level));
      if (list.steps.back().condition.kind != Condition::Kind::kNone) list.has_condition = true;
    }
    if (!failed_) ChooseOpenedDirectory(list);
  }

  Step ReadStep(uint32_t level) {
    Step step;
    step.reading = ReadReading(level);
    step.slot = ReadNumber();
    if (step.slot != kNoSlot) CheckIndex(step.slot, program_->slot_count);
    step.condition.kind = ReadKind(Condition::Kind::kEqualsParameter);
    if (step.condition.kind == Condition::Kind::kEqualsConstant) step.condition.constant = ReadText();
    if (step.condition.kind == Condition::Kind::kEqualsParameter) {
      step.condition.parameter = ReadIndex(program_->parameter_count);
    }
    return step;
  }

  Reading ReadReading(uint32_t level) {
    Reading reading;
    reading.kind = ReadKind(Reading::Kind::kList);
    switch (reading.kind) {
      case Reading::Kind::kName:
        break;
      case Reading::Kind::kCapture:
        reading.slot = ReadIndex(program_->slot_count);
        break;
      case Reading::Kind::kText:
      case Reading::Kind::kInteger:
      case Reading::Kind::kHex:
      case Reading::Kind::kExists:
        ReadTokens(reading.path, level + 1, Token::Kind::kEntry);
        break;
      case Reading::Kind::kLink:
      case Reading::Kind::kNumberFromLink:
        reading.is_entry_itself = ReadNumber() != 0;
        reading.reuses_link = ReadNumber() != 0;
        ReadTokens(reading.path, level + 1, Token::Kind::kEntry);
        reading.prefix = ReadText();
        break;
      case Reading::Kind::kList:
        reading.list = std::make_unique<List>();
        ReadList(*reading.list, level + 1);
        break;
    }
    return reading;
  }

  uint32_t Fail() {
    failed_ = true;
    at_ = end_;
    return 0;
  }

  const uint8_t* at_;
  const uint8_t* end_;
  Program* program_ = nullptr;
  bool failed_ = false;
};

}  // namespace

std::unique_ptr<Program> Program::Decode(const uint8_t* bytes, size_t size) { return Decoder(bytes, size).Decode(); }

}  // namespace fast_sysfs
