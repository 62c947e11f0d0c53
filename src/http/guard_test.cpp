#include "http/guard.hpp"

#include <gtest/gtest.h>

#include "core/secret.hpp"

namespace frpx::http {
namespace {

struct row {
  std::string fields;
  int status;  // 0: let through
};

void expect(const guard& checks, const std::vector<row>& rows) {
  ASSERT_FALSE(rows.empty());
  for (const row& each : rows) {
    const std::string text = "GET /api/clients HTTP/1.1\r\n" + each.fields + "\r\n";
    request_head head;
    ASSERT_FALSE(parse_request(text, {}, head)) << text;
    const auto refused = checks.check(head);
    EXPECT_EQ(refused ? refused->status : 0, each.status) << text;
  }
}

TEST(guard, without_a_token_only_this_machine_by_its_own_names) {
  expect(guard(), {
                      {"Host: localhost\r\n", 0},
                      {"Host: LocalHost:18081\r\n", 0},
                      {"Host: 127.0.0.1\r\n", 0},
                      {"Host: 127.0.0.1:18081\r\n", 0},
                      {"Host: [::1]\r\n", 0},
                      {"Host: [::1]:18081\r\n", 0},
                      // names that an attacker points at 127.0.0.1
                      {"Host: rebound.example\r\n", 403},
                      {"Host: rebound.example:18081\r\n", 403},
                      {"Host: localhost.rebound.example\r\n", 403},
                      {"Host: localhost.\r\n", 403},
                      {"Host: 127.0.0.1.example\r\n", 403},
                      {"Host: 127.0.0.2\r\n", 403},
                      {"Host: 0.0.0.0\r\n", 403},
                      {"Host: [::2]\r\n", 403},
                      {"Host: [::]\r\n", 403},
                  });
  EXPECT_FALSE(is_loopback_host(""));  // HTTP/1.0 may come without Host
}

TEST(guard, an_absolute_target_is_the_host_that_counts) {
  request_head head;
  const std::string text = "GET http://rebound.example/ HTTP/1.1\r\nHost: localhost\r\n\r\n";
  ASSERT_FALSE(parse_request(text, {}, head));
  EXPECT_TRUE(guard().check(head));
}

TEST(guard, without_a_token_no_page_of_another_origin) {
  const std::string host = "Host: localhost:18081\r\n";
  expect(guard(), {
                      {host + "Origin: http://localhost:18081\r\n", 0},
                      {host + "Origin: https://LOCALHOST:18081\r\n", 0},
                      {host + "Origin: http://localhost\r\n", 403},
                      {host + "Origin: http://localhost:3000\r\n", 403},
                      {host + "Origin: http://127.0.0.1:18081\r\n", 403},
                      {host + "Origin: https://evil.example\r\n", 403},
                      {host + "Origin: ftp://localhost:18081\r\n", 403},
                      {host + "Origin: localhost:18081\r\n", 403},
                      {host + "Origin: null\r\n", 403},
                      {host + "Origin: \r\n", 403},
                  });
}

// A GET that an image, a script or a link makes has no Origin.
TEST(guard, without_a_token_no_request_that_another_site_made) {
  const std::string host = "Host: localhost:18081\r\n";
  const std::vector<row> rows{
      {host + "Sec-Fetch-Site: none\r\n", 0},  // typed into the address bar
      {host + "Sec-Fetch-Site: same-origin\r\n", 0},
      {host + "Sec-Fetch-Site: same-site\r\n", 403},  // another port of this machine
      {host + "Sec-Fetch-Site: cross-site\r\n", 403},
      {host + "sec-fetch-site: cross-site\r\n", 403},
      {host + "Sec-Fetch-Site: a-word-of-tomorrow\r\n", 403},
      {host + "Sec-Fetch-Site: same-origin\r\nOrigin: https://evil.example\r\n", 403},
      {host + "Sec-Fetch-Site: cross-site\r\nOrigin: http://localhost:18081\r\n", 403},
  };
  expect(guard(), rows);
  expect(guard({}, "https://ops.example"),
         {{host + "Sec-Fetch-Site: cross-site\r\nOrigin: https://ops.example\r\n", 0},
          {host + "Sec-Fetch-Site: cross-site\r\n", 403}});
}

TEST(guard, with_a_token_every_request_carries_it) {
  const std::string host = "Host: frps.example\r\n";
  const guard checks(secret("s3cret"));
  expect(checks, {
                     {host + "Authorization: Bearer s3cret\r\n", 0},
                     {host + "Authorization: bearer s3cret\r\n", 0},
                     {host + "Authorization: Bearer  s3cret\r\n", 0},
                     {host + "Authorization: Bearer s3cret\r\nOrigin: https://x.example\r\n", 0},
                     {host, 401},
                     {"Host: localhost\r\n", 401},
                     {host + "Authorization: s3cret\r\n", 401},
                     {host + "Authorization: Bearer\r\n", 401},
                     {host + "Authorization: Bearer s3cre\r\n", 401},
                     {host + "Authorization: Bearer s3cret1\r\n", 401},
                     {host + "Authorization: Bearer S3cret\r\n", 401},
                     {host + "Authorization: Basic s3cret\r\n", 401},
                     {host + "X-Authorization: Bearer s3cret\r\n", 401},
                 });
}

TEST(guard, says_how_to_come_in) {
  request_head head;
  ASSERT_FALSE(parse_request("GET / HTTP/1.1\r\nHost: a\r\n\r\n", {}, head));
  const auto refused = guard(secret("s3cret")).check(head);
  ASSERT_TRUE(refused);
  ASSERT_EQ(refused->headers.size(), 1u);
  EXPECT_EQ(refused->headers[0].name, "WWW-Authenticate");
  EXPECT_EQ(refused->headers[0].value, "Bearer");
  EXPECT_EQ(refused->body.find("s3cret"), std::string::npos);
  EXPECT_TRUE(refused->body.starts_with("{\"success\":false,\"data\":null,")) << refused->body;
}

}  // namespace
}  // namespace frpx::http
