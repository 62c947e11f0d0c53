#include "core/network.hpp"

#include <gtest/gtest.h>

namespace frpx {
namespace {

boost::asio::ip::address ip(const char* text) {
  return boost::asio::ip::make_address(text);
}

TEST(network, knows_who_is_within) {
  struct {
    const char* network;
    const char* who;
    bool is_within;
  } const cases[] = {
      {"10.0.0.0/8", "10.255.255.255", true},
      {"10.0.0.0/8", "11.0.0.0", false},
      {"10.0.0.0/8", "::ffff:10.1.2.3", true},  // as an IPv6 socket shows an IPv4 visitor
      {"192.0.2.128/25", "192.0.2.128", true},
      {"192.0.2.128/25", "192.0.2.127", false},
      {"192.0.2.7", "192.0.2.7", true},
      {"192.0.2.7", "192.0.2.6", false},
      {"0.0.0.0/0", "203.0.113.9", true},
      {"0.0.0.0/0", "2001:db8::1", false},
      {"2001:db8::/33", "2001:db8:7fff::1", true},
      {"2001:db8::/33", "2001:db8:8000::1", false},
      {"::/0", "2001:db8::1", true},
      {"::/0", "10.0.0.1", false},
      {"::1", "::1", true},
  };
  ASSERT_FALSE(std::empty(cases));
  for (const auto& each : cases) {
    const auto parsed = network::parse(each.network);
    ASSERT_TRUE(parsed) << each.network;
    EXPECT_EQ(parsed->contains(ip(each.who)), each.is_within) << each.network << " " << each.who;
    EXPECT_EQ(parsed->to_string(), each.network);
  }
}

TEST(network, refuses_what_names_none) {
  for (const char* text :
       {"", "/8", "10.0.0.0/", "10.0.0.0/33", "10.0.0.0/-1", "10.0.0.0/8 ", " 10.0.0.0/8",
        "10.1.0.0/8", "10.0.0.0/8/8", "2001:db8::/129", "2001:db8::1/64", "example.com",
        "::ffff:10.0.0.0/104", "10.0.0.0/0x8"}) {
    EXPECT_FALSE(network::parse(text)) << text;
  }
}

}  // namespace
}  // namespace frpx
