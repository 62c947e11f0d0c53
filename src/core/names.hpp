// What may be a name.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace frpx {

inline constexpr std::size_t longest_name = 128;
inline constexpr std::size_t longest_text = 256;

/// Client ids, service names, values of our headers: 1 to 128 of `[A-Za-z0-9._:-]`.
bool is_name(std::string_view text);

/// E-mail addresses and free texts: 1 to 256 bytes of UTF-8 without control characters.
bool is_plain_text(std::string_view text);

/// Text that came from outside, made fit for a log, a message or the store: see printable(). At
/// most `longest_text` bytes, the last three of which are `...` when it was longer.
std::string shown(std::string_view text);

}  // namespace frpx
