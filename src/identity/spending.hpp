// What servers tell each other of their visitors' keys.
#pragma once

#include <chrono>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace frpx::identity {

/// What the requests that one server let in have taken from a key's bucket (key_meter), as the time
/// in which the bucket refills that much: so it means the same to who knows another limit.
struct spending {
  static constexpr std::chrono::nanoseconds largest = std::chrono::minutes(10);

  std::string key_id;
  std::chrono::nanoseconds time;
};

/// Several of them, by one server.
struct spending_list {
  static constexpr std::size_t longest = 256;

  std::string server;  ///< A name.
  std::vector<spending> all;
};

/// One line of text without any secret. `all` has 1 to `longest` members.
std::string to_text(std::string_view server, std::span<const spending> all);

/// Nothing if the text is malformed or beyond the bounds.
std::optional<spending_list> parse_spending_list(std::string_view text);

}  // namespace frpx::identity
