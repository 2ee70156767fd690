#include "pattern.h"

#include "bytes.h"

namespace fast_sysfs {

namespace {

// Returns false if the token is a slot whose number could not be read, or has no value.
bool AppendValue(const Token& token, const Bindings& bindings, std::string& path) {
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

size_t CountLeadingDigits(std::string_view name) {
  size_t end = 0;
  while (end < name.size() && name[end] >= '0' && name[end] <= '9') end++;
  return end;
}

// Removes the text that the token matches from the start of the name. Returns false if it does not match there.
bool Consume(const Token& token, std::string_view& name, Bindings& bindings) {
  switch (token.kind) {
    case Token::Kind::kCapture: {
      const size_t end = CountLeadingDigits(name);
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
      if (!AppendValue(token, bindings, expected) || !StartsWith(name, expected)) return false;
      name.remove_prefix(expected.size());
      return true;
    }
  }
}

}  // namespace

bool Bindings::Expand(const Tokens& tokens, std::string& path) const {
  for (const Token& token : tokens) {
    if (!AppendValue(token, *this, path)) return false;
  }
  return true;
}

// On a mismatch only the last star is extended. The tokens between two stars can keep their first match: any later
// match ends no earlier, and the second star matches the text in between.
bool Match(const Tokens& pattern, std::string_view name, Bindings& bindings) {
  size_t index = 0;
  size_t after_star = 0;  // index of the token after the last star; 0: no star yet
  std::string_view star_start;
  while (true) {
    if (index < pattern.size() && pattern[index].kind == Token::Kind::kStar) {
      after_star = ++index;
      if (after_star == pattern.size()) return true;
      star_start = name;
    } else if (index < pattern.size() && Consume(pattern[index], name, bindings)) {
      index++;
    } else if (index == pattern.size() && name.empty()) {
      return true;
    } else {
      if (after_star == 0 || star_start.empty()) return false;
      star_start.remove_prefix(1);
      name = star_start;
      index = after_star;
    }
  }
}

}  // namespace fast_sysfs
