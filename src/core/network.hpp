// Sets of addresses, as people write them.
#pragma once

#include <boost/asio/ip/address.hpp>

#include <optional>
#include <string>
#include <string_view>

namespace frpx {

/// One network in CIDR form: `10.0.0.0/8`, `2001:db8::/32`, or one address. IPv4 addresses that an
/// IPv6 socket mapped count as IPv4.
class network {
 public:
  /// Nothing for any other text, and when bits behind the prefix are set: `10.1.0.0/8` names an
  /// address where a network is meant, which is more likely a mistake than a wish.
  static std::optional<network> parse(std::string_view text);

  bool contains(const boost::asio::ip::address& who) const;
  std::string to_string() const;

  bool operator==(const network&) const = default;

 private:
  network(boost::asio::ip::address base, unsigned prefix)
      : base_(std::move(base)), prefix_(prefix) {}

  boost::asio::ip::address base_;
  unsigned prefix_ = 0;  // in bits
};

/// The address itself; of one that an IPv6 socket mapped, the IPv4 address.
boost::asio::ip::address unmapped(const boost::asio::ip::address& from);

}  // namespace frpx
