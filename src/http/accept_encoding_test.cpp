#include "http/accept_encoding.hpp"

#include <gtest/gtest.h>

namespace frpx::http {
namespace {

TEST(accept_encoding, gzip_is_for_who_asks_for_it) {
  const std::pair<std::string, bool> rows[] = {
      {"", false},
      {"Accept-Encoding:\r\n", false},
      {"Accept-Encoding: gzip\r\n", true},
      {"accept-encoding: GZIP\r\n", true},
      {"Accept-Encoding: x-gzip\r\n", true},
      {"Accept-Encoding: gzip, deflate, br, zstd\r\n", true},
      {"Accept-Encoding: deflate, br\r\n", false},
      {"Accept-Encoding: deflate\r\nAccept-Encoding: gzip\r\n", true},
      {"Accept-Encoding: *\r\n", true},
      {"Accept-Encoding: identity\r\n", false},
      {"Accept-Encoding: gzip;q=0\r\n", false},
      {"Accept-Encoding: gzip;q=0.000\r\n", false},
      {"Accept-Encoding: gzip; Q=0.001\r\n", true},
      {"Accept-Encoding: gzip;q=1.0\r\n", true},
      {"Accept-Encoding: gzip ; q = 0\r\n", false},
      {"Accept-Encoding: gzip;q=0, *\r\n", false},
      {"Accept-Encoding: *;q=0\r\n", false},
      {"Accept-Encoding: br, *;q=0.1\r\n", true},
      {"Accept-Encoding: gzip;q=0.5, identity\r\n", false},
      {"Accept-Encoding: gzip;q=0.5, identity;q=0.5\r\n", true},
      {"Accept-Encoding: gzip, identity;q=0\r\n", true},
      {"Accept-Encoding: gzip;q=2\r\n", false},
      {"Accept-Encoding: gzip;q=\r\n", false},
      {"Accept-Encoding: gzip;q=0.1234\r\n", false},
      {"Accept-Encoding: gzip;q=-1\r\n", false},
      {"Accept-Encoding: gzipped\r\n", false},
      {"Accept-Encoding: ,;,gzip,,\r\n", true},
  };
  for (const auto& [fields, wanted] : rows) {
    const std::string text = "GET / HTTP/1.1\r\nHost: a\r\n" + fields + "\r\n";
    request_head head;
    ASSERT_FALSE(parse_request(text, {}, head)) << text;
    EXPECT_EQ(prefers_gzip(head), wanted) << fields;
  }
}

}  // namespace
}  // namespace frpx::http
