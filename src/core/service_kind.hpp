// What kinds of service there are, and how one learns who visits it.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace frpx {

/// The numbers stand in the link's OPEN frame (docs/link.md).
enum class service_kind : std::uint8_t { tcp = 0, http = 1, udp = 2 };

/// What stands in front of a visitor's bytes: nothing, or the header of the PROXY protocol
/// (https://www.haproxy.org/download/2.9/doc/proxy-protocol.txt) in its text or its binary form.
enum class proxy_header : std::uint8_t { none = 0, v1 = 1, v2 = 2 };

constexpr std::string_view to_string(service_kind kind) {
  switch (kind) {
    case service_kind::http:
      return "http";
    case service_kind::udp:
      return "udp";
    case service_kind::tcp:
      break;
  }
  return "tcp";
}

constexpr std::string_view to_string(proxy_header form) {
  switch (form) {
    case proxy_header::v1:
      return "v1";
    case proxy_header::v2:
      return "v2";
    case proxy_header::none:
      break;
  }
  return "none";
}

/// The inverse of `to_string`; nothing for any other text.
constexpr std::optional<service_kind> parse_service_kind(std::string_view text) {
  for (const auto each : {service_kind::tcp, service_kind::http, service_kind::udp}) {
    if (text == to_string(each)) return each;
  }
  return std::nullopt;
}

constexpr std::optional<proxy_header> parse_proxy_header(std::string_view text) {
  for (const auto each : {proxy_header::none, proxy_header::v1, proxy_header::v2}) {
    if (text == to_string(each)) return each;
  }
  return std::nullopt;
}

}  // namespace frpx
