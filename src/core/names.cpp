#include "core/names.hpp"

#include <algorithm>

#include "core/utf8.hpp"

namespace frpx {
namespace {

bool is_name_character(char c) {
  return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' ||
         c == '_' || c == ':' || c == '-';
}

// The length of the well-formed UTF-8 character at the front, or 0; C0 controls, DEL and C1
// controls count as malformed.
std::size_t plain_character_length(std::string_view text) {
  const std::size_t length = utf8_length(text);
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  if (length == 1 && (byte(0) < 0x20 || byte(0) == 0x7f)) return 0;
  if (length == 2 && byte(0) == 0xc2 && byte(1) < 0xa0) return 0;  // C1 control
  return length;
}

}  // namespace

bool is_name(std::string_view text) {
  return !text.empty() && text.size() <= longest_name &&
         std::all_of(text.begin(), text.end(), is_name_character);
}

bool is_plain_text(std::string_view text) {
  if (text.empty() || text.size() > longest_text) return false;
  while (!text.empty()) {
    const std::size_t length = plain_character_length(text);
    if (length == 0) return false;
    text.remove_prefix(length);
  }
  return true;
}

std::string shown(std::string_view text) {
  constexpr std::string_view cut = "...";
  std::string out = printable(text.substr(0, longest_text + cut.size()));
  if (out.size() <= longest_text) return out;
  std::size_t end = longest_text - cut.size();
  while ((static_cast<unsigned char>(out[end]) & 0xc0) == 0x80) --end;  // no half character
  out.resize(end);
  return out += cut;
}

}  // namespace frpx
