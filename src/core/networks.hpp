// Which addresses are meant: ranges of IP addresses.
#pragma once

#include <boost/asio/ip/address.hpp>

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

namespace frpx {

/// A set of ranges, as in `127.0.0.1,10.0.0.0/8,2001:db8::/32` (CIDR, RFC 4632). An IPv4 address
/// that an IPv6 socket mapped counts as the IPv4 address. Immutable; any thread.
class networks {
 public:
  static constexpr std::size_t most = 64;

  /// No range.
  networks() = default;
  /// Reads up to `most` ranges, separated by commas; an address alone is a range of one. Nothing
  /// when one of them is none, or has a bit set behind its prefix, which is a slip more often than
  /// a wish. An empty text is no range.
  static std::optional<networks> parse(std::string_view text);

  bool contains(const boost::asio::ip::address& address) const;
  bool empty() const { return ranges_.empty(); }

 private:
  using bits = std::array<std::uint8_t, 16>;  // of an IPv6 address; IPv4 is ::ffff:0:0/96
  struct range {
    bits prefix;
    unsigned length;
  };
  static bits bits_of(const boost::asio::ip::address& address);
  static std::optional<range> parse_range(std::string_view text);

  std::vector<range> ranges_;
};

}  // namespace frpx
