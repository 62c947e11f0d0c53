#include "gateway/visitor_key.hpp"

#include <gtest/gtest.h>

#include <string>

namespace frpx::gateway {
namespace {

using enum visitor_key::state;

struct row {
  const char* fields;
  visitor_key::state state;
  const char* key = "";
};

constexpr row rows[] = {
    {"", absent},
    {"Authorization: Bearer k1\r\n", present, "k1"},
    {"Authorization: k1\r\n", present, "k1"},
    {"authorization: BEARER k1\r\n", present, "k1"},
    {"x-api-key: k1\r\n", present, "k1"},
    {"API-Key: k1\r\n", present, "k1"},
    {"X-Goog-Api-Key: k1\r\n", present, "k1"},
    // user:k1, and what else may stand in front of the password
    {"Authorization: Basic dXNlcjprMQ==\r\n", present, "k1"},
    {"Authorization: basic OmsxOjI=\r\n", present, "k1:2"},
    {"Authorization: Basic dXNlcjo=\r\n", absent},
    // What is no Basic is a key, though no valid one.
    {"Authorization: Basic dXNlcg==\r\n", present, "Basic dXNlcg=="},
    {"Authorization: Basic ?\r\n", present, "Basic ?"},
    {"Authorization: Basic\r\n", present, "Basic"},
    // Several, which agree or not
    {"Authorization: Bearer k1\r\nx-api-key: k1\r\napi-key: k1\r\nx-goog-api-key: k1\r\n", present,
     "k1"},
    {"Authorization: Basic dXNlcjprMQ==\r\nx-api-key: k1\r\n", present, "k1"},
    {"x-api-key: k1\r\nAuthorization: Basic dXNlcjprMQ==\r\n", present, "k1"},
    {"Authorization: Bearer k1\r\nx-api-key:\r\n", present, "k1"},
    {"Authorization: Bearer\r\nx-api-key: k1\r\n", present, "k1"},
    {"Authorization: Bearer k1\r\nx-api-key: k2\r\n", ambiguous},
    {"x-api-key: k1\r\nx-api-key: k2\r\n", ambiguous},
    {"x-api-key: k1\r\napi-key: k1 \r\nx-goog-api-key: k10\r\n", ambiguous},
    {"Authorization: Basic dXNlcjprMQ==\r\nx-api-key: user:k1\r\n", ambiguous},
    // Two Authorization are no request of anybody's, whatever they say.
    {"Authorization: Bearer k1\r\nAuthorization: Bearer k1\r\n", ambiguous},
    {"Authorization: Bearer\r\nAuthorization: Bearer k1\r\n", ambiguous},
};

TEST(visitor_key, is_found_wherever_clients_put_it) {
  for (const row& each : rows) {
    const std::string text = std::string("GET / HTTP/1.1\r\nHost: h\r\n") + each.fields + "\r\n";
    http::request_head head;
    ASSERT_FALSE(http::parse_request(text, {}, head)) << each.fields;
    visitor_key key;
    EXPECT_EQ(key.find(head), each.state) << each.fields;
    if (each.state == present) EXPECT_EQ(key.text(), each.key) << each.fields;
  }
}

}  // namespace
}  // namespace frpx::gateway
