#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

#include "http/errc.hpp"
#include "http/forward.hpp"
#include "http/forward_test_support.hpp"

namespace frpx::http {
namespace {

using kind = framing::kind;

struct sent_request {
  std::string out;
  std::string behind;
  bool complete = false;
  error_code error;
};

sent_request send_request(const std::string& fields, std::string_view body, std::size_t slice,
                          std::size_t room, std::uint64_t limit = 1 << 20) {
  const std::string text = "POST / HTTP/1.1\r\nHost: h\r\n" + fields + "\r\n";
  request_head head;
  EXPECT_FALSE(parse_request(text, {}, head));
  request_forwarder forwarder;
  sent_request sent;
  sent.error = forwarder.start(head, limit);
  std::vector<char> out(room);
  std::size_t shown = std::min(slice, body.size());
  while (!sent.error && !forwarder.complete()) {
    const auto p = forwarder.forward(body.substr(0, shown), out);
    if (!p) {
      sent.error = p.error();
      break;
    }
    sent.out.append(out.data(), p->produced);
    body.remove_prefix(p->consumed);
    shown -= p->consumed;
    if (p->next == progress::need::input) {
      EXPECT_EQ(shown, 0u);
      if (body.empty()) break;
      shown = std::min(slice, body.size());
    }
  }
  sent.complete = forwarder.complete();
  sent.behind = body;
  return sent;
}

struct request_body {
  std::string fields;
  std::string body;
  framing out;
  std::string payload;
  std::string behind;
  bool complete = true;
};

TEST(request_forwarder, passes_bodies_in_any_pieces) {
  const std::vector<request_body> cases = {
      {"", "GET", {}, "", "GET"},
      {"Content-Length: 0\r\n", "GET", {kind::length, 0}, "", "GET"},
      {"Content-Length: 5\r\n", "helloGET", {kind::length, 5}, "hello", "GET"},
      {"Content-Length: 5\r\n", "hel", {kind::length, 5}, "hel", "", false},
      {"Transfer-Encoding: chunked\r\n",
       "5;x=y\r\nhello\r\n1\r\n!\r\n0\r\nT: x\r\n\r\nGET",
       {kind::chunked, 0},
       "hello!",
       "GET"},
      {"Transfer-Encoding: chunked\r\n", "0\r\n\r\n", {kind::chunked, 0}, "", ""},
      {"Transfer-Encoding: chunked\r\n", "5\r\nhello", {kind::chunked, 0}, "hello", "", false},
  };
  for (const request_body& row : cases) {
    for (const std::size_t slice : slices) {
      for (const std::size_t room : rooms) {
        const sent_request sent = send_request(row.fields, row.body, slice, room);
        ASSERT_FALSE(sent.error) << row.body << sent.error.message();
        bool whole = false;
        EXPECT_EQ(payload_of(row.out, sent.out, &whole), row.payload) << row.body;
        EXPECT_EQ(sent.complete, row.complete) << row.body;
        EXPECT_EQ(whole, row.complete) << row.body;
        if (row.complete) EXPECT_EQ(sent.behind, row.behind) << row.body;
      }
    }
  }
}

TEST(request_forwarder, drops_extensions_and_passes_trailers) {
  for (const std::size_t slice : slices) {
    const auto sent =
        send_request("Transfer-Encoding: chunked\r\n",
                     "001;x=y\r\nh\r\n0;z\r\nT: x\r\nHost: evil\r\nX-Sum:  1 \r\n\r\n", slice, 6);
    EXPECT_EQ(sent.out, "1\r\nh\r\n0\r\nT: x\r\nX-Sum:  1 \r\n\r\n");
    EXPECT_TRUE(sent.complete);
  }
}

TEST(request_forwarder, a_trailer_beyond_its_room_needs_no_further_input) {
  request_head head;
  ASSERT_FALSE(
      parse_request("PUT / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n", {}, head));
  request_forwarder forwarder;
  ASSERT_FALSE(forwarder.start(head));
  std::vector<char> out(10);
  const auto p = forwarder.forward("0\r\nX-Sum: 12345\r\n\r\nGET", out);
  ASSERT_TRUE(p);
  EXPECT_EQ(p->consumed, 19u);
  EXPECT_EQ(p->produced, 10u);
  EXPECT_EQ(p->next, progress::need::room);
  EXPECT_TRUE(forwarder.is_ending());
  EXPECT_FALSE(forwarder.complete());
  EXPECT_EQ(forwarder.forward("", out)->produced, 9u);
  EXPECT_TRUE(forwarder.complete());
  EXPECT_FALSE(forwarder.is_ending());
}

TEST(request_forwarder, consumes_only_what_fits) {
  request_head head;
  ASSERT_FALSE(parse_request("PUT / HTTP/1.1\r\nHost: h\r\nContent-Length: 9\r\n\r\n", {}, head));
  request_forwarder forwarder;
  ASSERT_FALSE(forwarder.start(head));
  std::vector<char> out(4);
  auto p = forwarder.forward("123456789", out);
  ASSERT_TRUE(p);
  EXPECT_EQ(p->consumed, 4u);
  EXPECT_EQ(p->next, progress::need::room);
  p = forwarder.forward("56789", {});
  EXPECT_EQ(p->consumed, 0u);
  EXPECT_EQ(p->next, progress::need::room);
  p = forwarder.forward("", out);
  EXPECT_EQ(p->next, progress::need::input);
}

TEST(request_forwarder, limits_and_one_past) {
  EXPECT_FALSE(send_request("Content-Length: 5\r\n", "hello", 9, 99, 5).error);
  EXPECT_EQ(send_request("Content-Length: 6\r\n", "hello!", 9, 99, 5).error, errc::body_too_large);
  const std::string chunked = "Transfer-Encoding: chunked\r\n";
  EXPECT_FALSE(send_request(chunked, "5\r\nhello\r\n0\r\n\r\n", 99, 99, 5).error);
  EXPECT_EQ(send_request(chunked, "5\r\nhello\r\n1\r\n!\r\n0\r\n\r\n", 99, 99, 5).error,
            errc::body_too_large);
  EXPECT_EQ(send_request(chunked, "5 \r\nhello\r\n", 99, 99).error, errc::bad_chunk);
}

}  // namespace
}  // namespace frpx::http
