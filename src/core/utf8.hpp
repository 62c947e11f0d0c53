// UTF-8 that came from outside.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace frpx {

/// The length in bytes of the well-formed character (RFC 3629) at the front of `text`; 0 if there
/// is none.
std::size_t utf8_length(std::string_view text);

/// `text` as one line of valid UTF-8 that a terminal shows as it stands: control characters, line
/// separators, marks that reorder a line, and bytes that are not UTF-8 are escaped, as `\n` or
/// `\x1b`.
std::string printable(std::string_view text);

/// Whether `printable(text)` is `text`.
bool is_printable(std::string_view text);

}  // namespace frpx
