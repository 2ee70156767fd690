#include "program.h"

#include <cstring>

namespace fast_sysfs {

namespace {

// More than any real query nests; it bounds the recursion of decoding and running.
constexpr uint32_t kMostLevels = 64;

// From so many attributes on it pays to open their directory: on sysfs from two or three on, where a link leads there,
// else later.
constexpr size_t kManyAttributes = 5;

// Whether it can be read relative to an open directory: what begins with a parameter might be an absolute path.
bool IsAttributeBelow(const Step& step) {
  const Reading::Kind kind = step.reading.kind;
  if (kind != Reading::Kind::kText && kind != Reading::Kind::kInteger && kind != Reading::Kind::kHex) return false;
  const Tokens& path = step.reading.path;
  if (path.empty() || path[0].kind != Token::Kind::kLiteral) return false;
  const std::string& literal = path[0].literal;
  return !literal.empty() && literal[0] != '/' && literal.find("//") == std::string::npos;
}

// The directories that a path begins with, as far as they are the same for every row: `device` of `device/vendor`. What
// follows begins with a literal, too.
std::string_view DirectoryOf(const Tokens& path) {
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

// Decides whether a list opens a directory for the attributes of a row, and which.
void ChooseOpened(List& list) {
  list.opens_before = list.steps.size();
  size_t first = list.steps.size();
  while (first > 0 && list.steps[first - 1].condition.kind == Condition::Kind::kNone) first--;
  std::vector<Step*> attributes;
  for (size_t i = first; i < list.steps.size(); i++) {
    if (IsAttributeBelow(list.steps[i])) attributes.push_back(&list.steps[i]);
  }
  if (attributes.size() < kManyAttributes) return;
  std::string_view directory = DirectoryOf(attributes[0]->reading.path);
  for (const Step* step : attributes) directory = CommonDirectory(directory, DirectoryOf(step->reading.path));
  list.opens_before = first;
  list.opened = directory;
  for (Step* step : attributes) {
    Reading& reading = step->reading;
    reading.path_below = reading.path;
    if (!directory.empty()) reading.path_below[0].literal.erase(0, directory.size() + 1);
  }
}

class Decoder {
 public:
  Decoder(const uint8_t* bytes, size_t size) : at_(bytes), end_(bytes + size) {}

  std::unique_ptr<Program> Decode() {
    auto program = std::make_unique<Program>();
    program->parameter_count = Number();
    program->device_parameter = Number();
    program->device_prefix = Text();
    program->slot_count = Number();
    program_ = program.get();
    // Each parameter and slot is used in some path, condition or field, which takes more than a byte.
    const auto rest = static_cast<size_t>(end_ - at_);
    if (program->parameter_count > rest || program->slot_count > rest) return nullptr;
    if (program->device_parameter != kNoDevice) CheckIndex(program->device_parameter, program->parameter_count);
    ReadList(program->root, 0);
    if (failed_ || at_ != end_) return nullptr;
    return program;
  }

 private:
  uint32_t Number() {
    uint32_t number = 0;
    if (static_cast<size_t>(end_ - at_) < sizeof number) return Fail();
    std::memcpy(&number, at_, sizeof number);
    at_ += sizeof number;
    return number;
  }

  std::string Text() {
    const uint32_t size = Number();
    if (size > static_cast<size_t>(end_ - at_)) {
      Fail();
      return {};
    }
    std::string text(reinterpret_cast<const char*>(at_), size);
    at_ += size;
    return text;
  }

  uint32_t Index(uint32_t count) { return CheckIndex(Number(), count); }

  uint32_t CheckIndex(uint32_t index, uint32_t count) { return index < count ? index : Fail(); }

  template <typename Kind>
  Kind KindUpTo(Kind last) {
    const uint32_t kind = Number();
    return kind <= static_cast<uint32_t>(last) ? static_cast<Kind>(kind) : static_cast<Kind>(Fail());
  }

  void ReadTokens(Tokens& tokens, uint32_t level, Token::Kind last) {
    const uint32_t count = Number();
    for (uint32_t i = 0; i < count && !failed_; i++) {
      Token token{KindUpTo(last), 0, {}};
      switch (token.kind) {
        case Token::Kind::kLiteral:
          token.literal = Text();
          break;
        case Token::Kind::kParameter:
          token.index = Index(program_->parameter_count);
          break;
        case Token::Kind::kSlot:
        case Token::Kind::kCapture:
          token.index = Index(program_->slot_count);
          break;
        case Token::Kind::kEntry:
          token.index = Index(level);
          break;
        case Token::Kind::kStar:
          break;
      }
      tokens.push_back(std::move(token));
    }
  }

  void ReadList(List& list, uint32_t level) {
    if (level >= kMostLevels) {
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
    list.has_try_first = Number() != 0;
    if (list.has_try_first) ReadTokens(list.try_first, level, Token::Kind::kEntry);
    const uint32_t count = Number();
    list.has_condition = false;
    for (uint32_t i = 0; i < count && !failed_; i++) {
      list.steps.push_back(ReadStep(level));
      if (list.steps.back().condition.kind != Condition::Kind::kNone) list.has_condition = true;
    }
    if (!failed_) ChooseOpened(list);
  }

  Step ReadStep(uint32_t level) {
    Step step;
    step.reading = ReadReading(level);
    step.slot = Number();
    if (step.slot != kNoSlot) CheckIndex(step.slot, program_->slot_count);
    step.condition.kind = KindUpTo(Condition::Kind::kEqualsParameter);
    if (step.condition.kind == Condition::Kind::kEqualsConstant) step.condition.constant = Text();
    if (step.condition.kind == Condition::Kind::kEqualsParameter) {
      step.condition.parameter = Index(program_->parameter_count);
    }
    return step;
  }

  Reading ReadReading(uint32_t level) {
    Reading reading;
    reading.kind = KindUpTo(Reading::Kind::kList);
    switch (reading.kind) {
      case Reading::Kind::kName:
        break;
      case Reading::Kind::kCaptured:
        reading.slot = Index(program_->slot_count);
        break;
      case Reading::Kind::kText:
      case Reading::Kind::kInteger:
      case Reading::Kind::kHex:
      case Reading::Kind::kExists:
        ReadTokens(reading.path, level + 1, Token::Kind::kEntry);
        break;
      case Reading::Kind::kLink:
      case Reading::Kind::kLinkNumber:
        reading.is_entry_itself = Number() != 0;
        reading.reuses_link = Number() != 0;
        ReadTokens(reading.path, level + 1, Token::Kind::kEntry);
        reading.prefix = Text();
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
