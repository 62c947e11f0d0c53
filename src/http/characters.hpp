// Which characters may stand where in an HTTP/1 message (RFC 9110, 5.5 and 5.6.2; RFC 3986).
#pragma once

#include <array>
#include <cstdint>
#include <cstring>
#include <string_view>

namespace frpx::http {

namespace characters {

enum kind : std::uint8_t { token = 1, value = 2, target = 4, host = 8 };

constexpr std::array<std::uint8_t, 256> make_table() {
  std::array<std::uint8_t, 256> table{};
  for (std::size_t c = 0; c < 256; ++c) {
    const bool alnum = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
    const bool visible = c > 0x20 && c < 0x7f;
    const auto among = [c](std::string_view set) {
      return c < 0x80 && set.find(static_cast<char>(c)) != std::string_view::npos;
    };
    unsigned kinds = 0;
    if (alnum || (c != 0 && among("!#$%&'*+-.^_`|~"))) kinds |= token;
    if (visible || c == ' ' || c == '\t' || c >= 0x80) kinds |= value;
    // What browsers leave unescaped in a query ({, |, }, ^, `, \) is let through.
    if (visible && !among("#\"<>")) kinds |= target;
    if (alnum || (c != 0 && among("-._~"))) kinds |= host;
    table[c] = static_cast<std::uint8_t>(kinds);
  }
  return table;
}

inline constexpr std::array<std::uint8_t, 256> table = make_table();

constexpr bool is(kind k, char c) {
  return (table[static_cast<unsigned char>(c)] & k) != 0;
}

constexpr bool all(kind k, std::string_view text) {
  for (const char c : text) {
    if (!is(k, c)) return false;
  }
  return true;
}

/// The first byte in [from, to) that may not stand in a field's value. Eight at a time, for most of
/// a head is values.
inline const char* skip_value(const char* from, const char* to) {
  constexpr std::uint64_t ones = 0x0101010101010101;
  constexpr std::uint64_t highs = ones * 0x80;
  while (to - from >= 8) {
    std::uint64_t word = 0;
    std::memcpy(&word, from, 8);
    const std::uint64_t below_space = (word - ones * 0x20) & ~word;
    const std::uint64_t del = word ^ (ones * 0x7f);
    if (((below_space | ((del - ones) & ~del)) & highs) != 0) break;
    from += 8;
  }
  while (from != to && is(value, *from)) ++from;
  return from;
}

constexpr char to_lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c;
}

}  // namespace characters

}  // namespace frpx::http
