#include "http/trailer.hpp"

#include <gtest/gtest.h>

namespace frpx::http {
namespace {

TEST(trailer, what_frames_routes_or_authenticates_stays_behind) {
  for (const char* name : {"Transfer-Encoding",
                           "Content-Length",
                           "Host",
                           "Trailer",
                           "TE",
                           "Connection",
                           "Keep-Alive",
                           "Upgrade",
                           "Authorization",
                           "Proxy-Authorization",
                           "X-Api-Key",
                           "x-goog-api-key",
                           "X-HTTP-Method-Override",
                           "Cookie",
                           "Set-Cookie",
                           "Expect",
                           "Content-Encoding",
                           "content-type",
                           "Content-Range",
                           "Cache-Control",
                           "If-None-Match",
                           "Range",
                           "Location",
                           "Vary",
                           "WWW-Authenticate",
                           "Via",
                           "X-Forwarded-For",
                           "Forwarded",
                           "X-Request-Id",
                           "X-Frpx-Client",
                           "client_id",
                           "Content_Length",
                           "X_A"}) {
    EXPECT_FALSE(may_be_trailer(name)) << name;
  }
  for (const char* name : {"X-Checksum", "Grpc-Status", "grpc-message", "Server-Timing", "ETag",
                           "Digest", "Age-Of-Things"}) {
    EXPECT_TRUE(may_be_trailer(name)) << name;
  }
}

TEST(trailer, the_end_of_a_body_holds_the_lines_that_may_pass) {
  EXPECT_EQ(ending_with(""), "0\r\n\r\n");
  EXPECT_EQ(ending_with("Host: h\r\nA: b\r\nAge: 1\r\nC:\r\n"), "0\r\nA: b\r\nC:\r\n\r\n");
}

}  // namespace
}  // namespace frpx::http
