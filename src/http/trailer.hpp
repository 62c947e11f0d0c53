// Fields behind a chunked body (RFC 9110, 6.5).
#pragma once

#include <string>
#include <string_view>

namespace frpx::http {

/// Whether a field of that name may be passed on behind a body: not what frames or routes the
/// message, authenticates somebody, or must be known before the content is used; and nothing that
/// this program writes or removes in a head.
bool may_be_trailer(std::string_view name);

/// The end of a chunked body whose trailer has these lines, each checked and with its CRLF: the
/// last chunk, the lines that may be passed on, the empty line.
std::string ending_with(std::string_view lines);

}  // namespace frpx::http
