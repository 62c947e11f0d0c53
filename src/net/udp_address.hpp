// Who a datagram is from, and to which of our addresses it came.
#pragma once

#include <netinet/in.h>

#include <boost/asio/ip/udp.hpp>

#include <array>
#include <cstdint>
#include <cstring>
#include <string>

namespace frpx::net {

using udp_endpoint = boost::asio::ip::udp::endpoint;

/// The two ends of an exchange of datagrams. A socket that is bound to all addresses has to answer
/// from the one that it was asked on: the peer knows no other.
struct udp_route {
  udp_endpoint peer;
  in6_addr local{};  ///< An IPv4 address as IPv6 maps it.
  std::uint32_t interface = 0;
  bool has_local = false;  ///< Else the kernel chooses.

  friend bool operator==(const udp_route& a, const udp_route& b) {
    return a.has_local == b.has_local && a.interface == b.interface &&
           std::memcmp(&a.local, &b.local, sizeof a.local) == 0 && same_peer(a.peer, b.peer);
  }
  static bool same_peer(const udp_endpoint& a, const udp_endpoint& b) {
    return a.size() == b.size() && std::memcmp(a.data(), b.data(), a.size()) == 0;
  }
};

/// Hashes endpoints with a key of its own, so that nobody can choose addresses which collide.
class udp_endpoint_hash {
 public:
  udp_endpoint_hash();
  std::size_t operator()(const udp_endpoint& address) const;

 private:
  std::array<unsigned char, 16> key_;
};

/// Compares as the kernel wrote them.
struct udp_endpoint_equal {
  bool operator()(const udp_endpoint& a, const udp_endpoint& b) const {
    return udp_route::same_peer(a, b);
  }
};

/// As `net::to_string` of a TCP endpoint.
std::string to_string(const udp_endpoint& address);

}  // namespace frpx::net
