// What makes two requests belong together, for the policy `sticky`.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "http/head.hpp"

namespace frpx::gateway {

/// The option `--sticky`.
struct sticky_rule {
  enum class by : std::uint8_t { header, cookie, key, prompt };
  by what = by::key;
  std::string name;  ///< Of the header or cookie.
};

/// `header:NAME`, `cookie:NAME`, `key` or `prompt`; nothing for anything else.
std::optional<sticky_rule> parse_sticky(std::string_view text);

/// What a request sticks to, if its head or key says it; nothing where the header is absent, or the
/// body decides (http::prompt_hash).
std::optional<std::uint64_t> sticks_to(const sticky_rule& rule, const http::request_head& head,
                                       std::string_view key);

}  // namespace frpx::gateway
