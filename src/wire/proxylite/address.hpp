// Addresses as Go programs write them.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace frpx::wire::proxylite {

struct address {
  std::string host;  ///< A name or an IP address, without brackets.
  std::uint16_t port = 0;
  bool operator==(const address&) const = default;
};

/// Where to listen: `127.0.0.1:9933`, `[::1]:9933`; `:9933` is every address, `::`. Port 0 lets the
/// system choose. Nothing when the text is of another form.
std::optional<address> parse_listen_address(std::string_view text);

/// Where to connect to: the same, and names; no host and the addresses that mean every one
/// (`0.0.0.0`, `::`) mean loopback. Port 0 is none.
std::optional<address> parse_dial_address(std::string_view text);

}  // namespace frpx::wire::proxylite
