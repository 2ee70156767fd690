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

// Takes what a token stands for from the name; false where the name does not go on with it.
bool Take(const Token& token, std::string_view& name, Bindings& bindings) {
  switch (token.kind) {
    case Token::Kind::kCapture: {
      const size_t end = DigitsAt(name);
      const double number = CanonicalNumber(name.substr(0, end));
      if (number != number) return false;
      bindings.slots[token.index] = number;
      name.remove_prefix(end);
      return true;
    }
    case Token::Kind::kLiteral:
      if (!StartsWith(name, token.literal)) return false;
      name.remove_prefix(token.literal.size());
      return true;
    default: {
      std::string expected;
      if (!AppendPart(token, bindings, expected) || !StartsWith(name, expected)) return false;
      name.remove_prefix(expected.size());
      return true;
    }
  }
}

}  // namespace

bool Bindings::Expand(const Tokens& tokens, std::string& path) const {
  for (const Token& token : tokens) {
    if (!AppendPart(token, *this, path)) return false;
  }
  return true;
}

// Where something fails, only the last star takes more. What stands between two stars may stay where it first fits: it
// ends there no later than it would further on, and the star after it takes the rest.
bool Match(const Tokens& pattern, std::string_view name, Bindings& bindings) {
  size_t index = 0;
  size_t after_star = 0;  // none yet
  std::string_view from_star;
  while (true) {
    if (index < pattern.size() && pattern[index].kind == Token::Kind::kStar) {
      after_star = ++index;
      if (after_star == pattern.size()) return true;
      from_star = name;
    } else if (index < pattern.size() && Take(pattern[index], name, bindings)) {
      index++;
    } else if (index == pattern.size() && name.empty()) {
      return true;
    } else {
      if (after_star == 0 || from_star.empty()) return false;
      from_star.remove_prefix(1);
      name = from_star;
      index = after_star;
    }
  }
}

}  // namespace fast_sysfs
