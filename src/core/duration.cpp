#include "core/duration.hpp"

#include <charconv>
#include <cstdint>

namespace frpx {

using std::chrono::milliseconds;

std::optional<milliseconds> parse_duration(std::string_view text) {
  struct unit {
    std::string_view suffix;
    milliseconds length;
  };
  static constexpr unit units[] = {{"ms", milliseconds(1)},        {"s", std::chrono::seconds(1)},
                                   {"m", std::chrono::minutes(1)}, {"h", std::chrono::hours(1)},
                                   {"d", std::chrono::days(1)},    {"", std::chrono::seconds(1)}};
  constexpr milliseconds longest = std::chrono::days(365);

  std::uint32_t count = 0;
  const char* const end = text.data() + text.size();
  const auto [behind, failed] = std::from_chars(text.data(), end, count);
  if (failed != std::errc()) return std::nullopt;
  const std::string_view suffix(behind, static_cast<std::size_t>(end - behind));
  for (const unit& each : units) {
    if (suffix != each.suffix) continue;
    if (count > longest / each.length) return std::nullopt;
    return count * each.length;
  }
  return std::nullopt;
}

}  // namespace frpx
