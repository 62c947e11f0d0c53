#include "core/moment.hpp"

#include <string>

#include "core/duration.hpp"

namespace frpx {

std::optional<wall_time> parse_moment(std::string_view text, wall_time now) {
  if (const auto ago = parse_duration(text)) return now - *ago;
  if (const auto whole = parse_rfc3339(text)) return whole;
  return parse_rfc3339(std::string(text) + "T00:00:00Z");
}

}  // namespace frpx
