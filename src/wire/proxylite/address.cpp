#include "wire/proxylite/address.hpp"

#include <algorithm>
#include <charconv>

namespace frpx::wire::proxylite {
namespace {

constexpr std::size_t longest_host = 253;

bool is_host_character(char c) {
  return c > ' ' && c < 0x7f && c != '[' && c != ']';
}

// Host and port around the last colon; a host with colons of its own stands in brackets.
std::optional<address> split(std::string_view text) {
  const auto colon = text.rfind(':');
  if (colon == text.npos) return std::nullopt;
  std::string_view host = text.substr(0, colon);
  const std::string_view number = text.substr(colon + 1);
  if (host.starts_with('[') && host.ends_with(']')) {
    host = host.substr(1, host.size() - 2);
  } else if (host.find(':') != host.npos) {
    return std::nullopt;
  }
  address parts;
  const auto [end, failed] =
      std::from_chars(number.data(), number.data() + number.size(), parts.port);
  if (failed != std::errc() || end != number.data() + number.size()) return std::nullopt;
  if (host.size() > longest_host || !std::all_of(host.begin(), host.end(), is_host_character)) {
    return std::nullopt;
  }
  parts.host = host;
  return parts;
}

}  // namespace

std::optional<address> parse_listen_address(std::string_view text) {
  auto parts = split(text);
  if (parts && parts->host.empty()) parts->host = "::";
  return parts;
}

std::optional<address> parse_dial_address(std::string_view text) {
  auto parts = split(text);
  if (!parts || parts->port == 0) return std::nullopt;
  if (parts->host.empty() || parts->host == "0.0.0.0") parts->host = "127.0.0.1";
  if (parts->host == "::") parts->host = "::1";
  return parts;
}

}  // namespace frpx::wire::proxylite
