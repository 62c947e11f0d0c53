#include "http/trailer.hpp"

#include <algorithm>
#include <array>

#include "http/field.hpp"

namespace frpx::http {
namespace {

// Beside the fields that have an id, which are all either of the hop or ours to write.
constexpr std::array<std::string_view, 23> forbidden = {
    "Age",
    "Cache-Control",
    "Content-Location",
    "Content-Range",
    "Date",
    "Expires",
    "If-Match",
    "If-Modified-Since",
    "If-None-Match",
    "If-Range",
    "If-Unmodified-Since",
    "Location",
    "Max-Forwards",
    "Pragma",
    "Proxy-Authenticate",
    "Proxy-Authentication-Info",
    "Range",
    "Retry-After",
    "Set-Cookie",
    "Vary",
    "Warning",
    "WWW-Authenticate",
    "X-Forwarded-Port",
};

}  // namespace

bool may_be_trailer(std::string_view name) {
  // `_`: a service that reads it as `-` might take the name for one of these.
  return id_of(name) == field_id::other && name.find('_') == std::string_view::npos &&
         std::none_of(forbidden.begin(), forbidden.end(),
                      [name](std::string_view each) { return equals_ignoring_case(each, name); });
}

std::string ending_with(std::string_view lines) {
  std::string out = "0\r\n";
  while (!lines.empty()) {
    const std::string_view line = lines.substr(0, lines.find('\n') + 1);
    lines.remove_prefix(line.size());
    if (may_be_trailer(line.substr(0, line.find(':')))) out += line;
  }
  return out += "\r\n";
}

}  // namespace frpx::http
