#include "core/networks.hpp"

#include <gtest/gtest.h>

#include <string>

namespace frpx {
namespace {

bool holds(const std::string& ranges, const std::string& address) {
  const auto set = networks::parse(ranges);
  EXPECT_TRUE(set) << ranges;
  return set && set->contains(boost::asio::ip::make_address(address));
}

TEST(networks, an_address_is_in_one_of_them) {
  EXPECT_TRUE(holds("10.0.0.0/8, 192.0.2.1,::1", "10.255.255.255"));
  EXPECT_TRUE(holds("10.0.0.0/8, 192.0.2.1,::1", "192.0.2.1"));
  EXPECT_TRUE(holds("10.0.0.0/8, 192.0.2.1,::1", "::1"));
  EXPECT_TRUE(holds("127.0.0.0/8", "::ffff:127.1.2.3"));
  EXPECT_FALSE(holds("10.0.0.0/8, 192.0.2.1,::1", "192.0.2.2"));
  EXPECT_FALSE(holds("", "127.0.0.1"));
}

TEST(networks, what_is_no_list_of_networks_is_refused) {
  for (const char* text : {"x", "127.0.0.1,", ",127.0.0.1", "127.0.0.1;::1", "10.0.0.1/8",
                           "127.0.0.1,,::1", "127.0.0.1/8/8", "10.0.0.0 /8"}) {
    EXPECT_FALSE(networks::parse(text)) << text;
  }
}

TEST(networks, as_many_as_the_limit_and_not_one_more) {
  std::string text = "10.0.0.1";
  for (std::size_t i = 1; i < networks::most; ++i) text += ",10.0.0.1";
  EXPECT_TRUE(networks::parse(text));
  EXPECT_FALSE(networks::parse(text + ",10.0.0.1"));
}

}  // namespace
}  // namespace frpx
