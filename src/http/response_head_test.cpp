#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

#include "http/head.hpp"

namespace frpx::http {
namespace {

using kind = framing::kind;

error_code check_response(std::string_view head, response_head& out) {
  head_scanner scanner;
  const auto size = scanner.scan_response(head);
  if (!size) return size.error();
  EXPECT_TRUE(*size) << "no end: " << head;
  return *size ? parse_response(head.substr(0, **size), scanner.limits(), out) : error_code();
}

struct good_response {
  std::string head;
  int status;
  framing body;
  bool keep_alive = true;
  std::string reason = "OK";
};

TEST(response_head, taken) {
  const std::vector<good_response> cases = {
      {"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n", 200, {kind::length, 3}},
      {"HTTP/1.1 200 OK\r\ntransfer-encoding: CHUNKED\r\n\r\n", 200, {kind::chunked, 0}},
      {"HTTP/1.1 200 OK\r\n\r\n", 200, {kind::until_close, 0}},
      {"HTTP/1.1 200\r\n\r\n", 200, {kind::until_close, 0}, true, ""},
      {"HTTP/1.1 200 \r\n\r\n", 200, {kind::until_close, 0}, true, ""},
      {"HTTP/1.1 404 Not F\xc3\xb6und\r\n\r\n",
       404,
       {kind::until_close, 0},
       true,
       "Not F\xc3\xb6und"},
      {"HTTP/1.0 200 OK\r\nContent-Length: 3\r\n\r\n", 200, {kind::length, 3}, false},
      {"HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 3\r\n\r\n",
       200,
       {kind::length, 3}},
      {"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n", 200, {kind::until_close, 0}, false},
      {"HTTP/1.1 204 OK\r\nContent-Length: 3\r\n\r\n", 204, {}},
      {"HTTP/1.1 204 OK\r\nTransfer-Encoding: chunked\r\n\r\n", 204, {}},
      {"HTTP/1.1 304 OK\r\nContent-Length: 3\r\n\r\n", 304, {}},
      {"HTTP/1.1 103 OK\r\nLink: x\r\n\r\n", 103, {}},
  };
  for (const good_response& row : cases) {
    response_head head;
    const error_code error = check_response(row.head, head);
    ASSERT_FALSE(error) << row.head << error.message();
    EXPECT_EQ(head.status, row.status) << row.head;
    EXPECT_EQ(head.reason, row.reason) << row.head;
    EXPECT_EQ(head.body(false), row.body) << row.head;
    EXPECT_EQ(head.body(true), framing()) << row.head;
    EXPECT_EQ(head.keep_alive(), row.keep_alive) << row.head;
  }
}

TEST(response_head, white_space_before_a_colon_is_removed) {
  response_head head;
  ASSERT_FALSE(check_response(
      "HTTP/1.1 200 OK\r\nX-A : b\r\nX-B \t :c\r\nTransfer-Encoding : chunked\r\n\r\n", head));
  EXPECT_EQ(head.body(false), framing(kind::chunked, 0));
  ASSERT_EQ(head.fields.size(), 3u);
  EXPECT_EQ(head.fields.begin()[0].name, "X-A");
  EXPECT_EQ(head.fields.begin()[0].value, "b");
  EXPECT_EQ(head.fields.begin()[1].name, "X-B");
  EXPECT_EQ(head.fields.begin()[1].value, "c");
}

struct bad_response {
  std::string head;
  errc error;
};

TEST(response_head, refused) {
  const std::vector<bad_response> cases = {
      {"HTTP/2.0 200 OK\r\n\r\n", errc::unknown_version},
      {"HTTP/1.1 20 OK\r\n\r\n", errc::bad_status_line},
      {"HTTP/1.1 2000 OK\r\n\r\n", errc::bad_status_line},
      {"HTTP/1.1 099 OK\r\n\r\n", errc::bad_status_line},
      {"HTTP/1.1 600 OK\r\n\r\n", errc::bad_status_line},
      {"HTTP/1.1 +20 OK\r\n\r\n", errc::bad_status_line},
      {"HTTP/1.1  200 OK\r\n\r\n", errc::bad_status_line},
      {"HTTP/1.1 200-OK\r\n\r\n", errc::bad_status_line},
      {"HTTP/1.1 200 O\x01K\r\n\r\n", errc::bad_status_line},
      {"HTTX/1.1 200 OK\r\n\r\n", errc::bad_status_line},
      {"HTTP/1.1\r\n\r\n", errc::bad_status_line},
      {"ICY 200 OK\r\n\r\n", errc::bad_status_line},
      {"<html>\r\n\r\n", errc::bad_status_line},
      {"HTTP/1.1 200 OK\n\n", errc::bare_line_feed},
      {"HTTP/1.1 200 O\rK\r\n\r\n", errc::bare_carriage_return},
      {"HTTP/1.1 200 OK\r\n : y\r\n\r\n", errc::folded_line},
      {"HTTP/1.1 200 OK\r\nX y: z\r\n\r\n", errc::bad_field_name},
      {"HTTP/1.1 200 OK\r\nX \r\n\r\n", errc::bad_field_name},
      {"HTTP/1.1 200 OK\r\nContent-Length : 3\r\nTransfer-Encoding\t: chunked\r\n\r\n",
       errc::length_and_chunked},
      {"HTTP/1.1 200 OK\r\nX: y\r\n z\r\n\r\n", errc::folded_line},
      {"HTTP/1.1 200 OK\r\nContent-Length: 3\r\nContent-Length: 3\r\n\r\n",
       errc::repeated_content_length},
      {"HTTP/1.1 200 OK\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n",
       errc::length_and_chunked},
      {"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n", errc::bad_transfer_encoding},
      {"HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", errc::transfer_encoding_in_1_0},
      {"HTTP/1.1 200 OK\r\nContent-Length: -3\r\n\r\n", errc::bad_content_length},
  };
  for (const bad_response& row : cases) {
    response_head head;
    const error_code error = check_response(row.head, head);
    EXPECT_EQ(error, row.error) << row.head << error.message();
  }
}

}  // namespace
}  // namespace frpx::http
