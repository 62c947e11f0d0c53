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

TEST(networks, an_address_is_in_its_ranges_to_the_last_bit) {
  struct row {
    const char* ranges;
    const char* inside;
    const char* outside;
  };
  const row rows[] = {
      {"127.0.0.1", "127.0.0.1", "127.0.0.2"},
      {"10.0.0.0/8", "10.255.255.255", "11.0.0.0"},
      {"192.0.2.128/25", "192.0.2.128", "192.0.2.127"},
      {"192.0.2.8/31, 192.0.2.1", "192.0.2.9", "192.0.2.10"},
      {"::1", "::1", "::2"},
      {"2001:db8::/33", "2001:db8:7fff::1", "2001:db8:8000::1"},
      {"127.0.0.0/8", "::ffff:127.1.2.3", "::127.1.2.3"},
      {"0.0.0.0/0", "255.255.255.255", "::1"},
      {"::/0", "1.2.3.4", ""},
  };
  for (const row& each : rows) {
    EXPECT_TRUE(holds(each.ranges, each.inside)) << each.ranges;
    if (*each.outside != 0) EXPECT_FALSE(holds(each.ranges, each.outside)) << each.ranges;
  }
  EXPECT_FALSE(holds("", "127.0.0.1"));
}

TEST(networks, what_is_no_range_is_refused) {
  for (const char* text :
       {"x", "127.0.0", "127.0.0.1/33", "::1/129", "127.0.0.1/", "127.0.0.1/-1", "10.0.0.1/8",
        "127.0.0.1,", ",127.0.0.1", "127.0.0.1;::1", "fe80::1%1", "127.0.0.1/8/8", "10.0.0.0 /8"}) {
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
