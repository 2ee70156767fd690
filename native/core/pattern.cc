#include "pattern.h"

#include "bytes.h"

namespace fast_sysfs {

namespace {

// False where the token is a number that could not be read.
bool AppendPart(const Token& token, const Bindings& bindings, std::string& path) {
  switch (token.kind) {
    case Token::Kind::kLiteral:
      path += token.literal;
      return true;
    case Token::Kind::kParameter:
      path += bindings.parameters[token.index];
      return true;
    case Token::Kind::kEntry:
      path += bindings.entries[token.index];
      return true;
    case Token::Kind::kSlot: {
      const double number = bindings.slots[token.index];
      if (number != number) return false;
      AppendNumber(path, number);
      return true;
    }
    case Token::Kind::kStar:
    case Token::Kind::kCapture:
      break;
  }
  return false;
}

size_t DigitsAt(std::string_view name) {
  size_t end = 0;
  while (end < name.size() && name[end] >= '0' && name[end] <= '9') end++;
  return end;
}

bool MatchFrom(const Tokens& pattern, size_t index, std::string_view name, Bindings& bindings) {
  for (; index < pattern.size(); index++) {
    const Token& token = pattern[index];
    switch (token.kind) {
      case Token::Kind::kStar:
        if (index + 1 == pattern.size()) return true;
        while (!MatchFrom(pattern, index + 1, name, bindings)) {
          if (name.empty()) return false;
          name.remove_prefix(1);
        }
        return true;
      case Token::Kind::kCapture: {
        const size_t end = DigitsAt(name);
        const double number = CanonicalNumber(name.substr(0, end));
        if (number != number) return false;
        bindings.slots[token.index] = number;
        name.remove_prefix(end);
        break;
      }
      case Token::Kind::kLiteral:
        if (!StartsWith(name, token.literal)) return false;
        name.remove_prefix(token.literal.size());
        break;
      default: {
        std::string expected;
        if (!AppendPart(token, bindings, expected) || !StartsWith(name, expected)) return false;
        name.remove_prefix(expected.size());
      }
    }
  }
  return name.empty();
}

}  // namespace

bool Bindings::Expand(const Tokens& tokens, std::string& path) const {
  for (const Token& token : tokens) {
    if (!AppendPart(token, *this, path)) return false;
  }
  return true;
}

bool Match(const Tokens& pattern, std::string_view name, Bindings& bindings) {
  return MatchFrom(pattern, 0, name, bindings);
}

}  // namespace fast_sysfs
