// Texts of words with one space between them, as our programs leave them for each other.
#pragma once

#include <algorithm>
#include <charconv>
#include <optional>
#include <string_view>

namespace frpx {

/// Takes the text up to the next space, and that space; all of it if there is none.
inline std::string_view take_word(std::string_view& text) {
  const auto space = std::min(text.find(' '), text.size());
  const auto taken = text.substr(0, space);
  text.remove_prefix(std::min(space + 1, text.size()));
  return taken;
}

/// A whole number in decimal that fits, with nothing before or behind it.
template <class T>
std::optional<T> parse_number(std::string_view text) {
  T value = 0;
  const auto [end, wrong] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (wrong != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

}  // namespace frpx
