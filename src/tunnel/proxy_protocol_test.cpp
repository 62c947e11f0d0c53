#include "tunnel/proxy_protocol.hpp"

#include <gtest/gtest.h>

#include "core/hex.hpp"

namespace frpx::tunnel {
namespace {

net::endpoint at(const char* address, std::uint16_t port) {
  return {boost::asio::ip::make_address(address), port};
}

TEST(proxy_protocol, text) {
  EXPECT_EQ(make_proxy_header(proxy_header::v1, at("192.0.2.1", 56324), at("198.51.100.7", 443)),
            "PROXY TCP4 192.0.2.1 198.51.100.7 56324 443\r\n");
  EXPECT_EQ(make_proxy_header(proxy_header::v1, at("2001:db8::1", 1), at("2001:db8::2", 65535)),
            "PROXY TCP6 2001:db8::1 2001:db8::2 1 65535\r\n");
}

TEST(proxy_protocol, an_ipv4_visitor_of_an_ipv6_socket_is_one_of_ipv4) {
  EXPECT_EQ(
      make_proxy_header(proxy_header::v1, at("::ffff:192.0.2.1", 1), at("::ffff:192.0.2.2", 2)),
      "PROXY TCP4 192.0.2.1 192.0.2.2 1 2\r\n");
}

TEST(proxy_protocol, binary) {
  const std::string signature = "0d0a0d0a000d0a515549540a";
  const auto hex = [](const std::string& text) { return to_hex(as_bytes(text)); };
  EXPECT_EQ(hex(make_proxy_header(proxy_header::v2, at("192.0.2.1", 0x1234), at("10.0.0.1", 22))),
            signature + "2111000cc00002010a00000112340016");
  EXPECT_EQ(hex(make_proxy_header(proxy_header::v2, at("2001:db8::1", 1), at("::1", 2))),
            signature + "2121002420010db8000000000000000000000001" +
                "00000000000000000000000000000001" + "00010002");
}

TEST(proxy_protocol, none) {
  EXPECT_EQ(make_proxy_header(proxy_header::none, at("192.0.2.1", 1), at("192.0.2.2", 2)), "");
}

}  // namespace
}  // namespace frpx::tunnel
