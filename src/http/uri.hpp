// The parts of a request target (RFC 3986).
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "core/result.hpp"

namespace frpx::http {

/// Decodes `%41`-like escapes; `plus_is_space` for query texts. Errors: bad_target for a `%`
/// without two hexadecimal digits. The result may hold any byte, NUL and `/` too.
result<std::string> percent_decode(std::string_view text, bool plus_is_space = false);

/// The decoded value of the first parameter `name` in `query` (with or without its `?`); an empty
/// text when it stands there without a value, nothing when it does not. Errors: bad_target.
result<std::optional<std::string>> query_value(std::string_view query, std::string_view name);

}  // namespace frpx::http
