#include "wire/proxylite/address.hpp"

#include <gtest/gtest.h>

namespace frpx::wire::proxylite {
namespace {

TEST(proxylite_address, forms_that_go_takes) {
  struct row {
    const char* text;
    address listen;
    address dial;
  };
  const row rows[] = {
      {":9933", {"::", 9933}, {"127.0.0.1", 9933}},
      {"0.0.0.0:9933", {"0.0.0.0", 9933}, {"127.0.0.1", 9933}},
      {"[::]:1", {"::", 1}, {"::1", 1}},
      {"[::1]:65535", {"::1", 65535}, {"::1", 65535}},
      {"10.0.0.1:80", {"10.0.0.1", 80}, {"10.0.0.1", 80}},
      {"host.example:22", {"host.example", 22}, {"host.example", 22}},
  };
  for (const row& each : rows) {
    EXPECT_EQ(parse_listen_address(each.text), each.listen) << each.text;
    EXPECT_EQ(parse_dial_address(each.text), each.dial) << each.text;
  }
}

TEST(proxylite_address, other_forms_are_none) {
  for (const char* text : {"", ":", "host", "host:", "host:x", "host:-1", "host:65536", "host:1 ",
                           "::1:80", "[::1]80", "[::1:80", "a b:1", "a]b:1", "h:+1"}) {
    EXPECT_FALSE(parse_listen_address(text)) << text;
    EXPECT_FALSE(parse_dial_address(text)) << text;
  }
  EXPECT_TRUE(parse_listen_address(":0"));
  EXPECT_FALSE(parse_dial_address(":0"));
  EXPECT_TRUE(parse_dial_address(std::string(253, 'h') + ":1"));
  EXPECT_FALSE(parse_dial_address(std::string(254, 'h') + ":1"));
}

}  // namespace
}  // namespace frpx::wire::proxylite
