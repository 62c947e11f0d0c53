// Views of bytes, and integers in both byte orders.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <type_traits>

namespace frpx {

using bytes_view = std::span<const std::byte>;
using bytes_span = std::span<std::byte>;

inline bytes_view as_bytes(std::string_view text) {
  return std::as_bytes(std::span(text.data(), text.size()));
}

inline std::string_view as_text(bytes_view bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

/// Reads an unsigned integer of `width` bytes, most significant first.
template <class T, std::size_t width = sizeof(T)>
constexpr T load_big(const std::byte* from) {
  static_assert(std::is_unsigned_v<T> && width <= sizeof(T));
  T value = 0;
  for (std::size_t i = 0; i < width; ++i) {
    value = static_cast<T>(value << 8 | std::to_integer<T>(from[i]));
  }
  return value;
}

template <class T, std::size_t width = sizeof(T)>
constexpr void store_big(T value, std::byte* to) {
  static_assert(std::is_unsigned_v<T> && width <= sizeof(T));
  for (std::size_t i = 0; i < width; ++i) {
    to[width - 1 - i] = static_cast<std::byte>(value >> (8 * i) & 0xff);
  }
}

/// The same, least significant first.
template <class T>
constexpr T load_little(const std::byte* from) {
  static_assert(std::is_unsigned_v<T>);
  T value = 0;
  for (std::size_t i = sizeof(T); i-- > 0;) {
    value = static_cast<T>(value << 8 | std::to_integer<T>(from[i]));
  }
  return value;
}

template <class T>
constexpr void store_little(T value, std::byte* to) {
  static_assert(std::is_unsigned_v<T>);
  for (std::size_t i = 0; i < sizeof(T); ++i) {
    to[i] = static_cast<std::byte>(value >> (8 * i) & 0xff);
  }
}

}  // namespace frpx
