#include "http/h2/request_text.hpp"

#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include "http/head.hpp"

namespace frpx::http::h2 {
namespace {

using fields = std::vector<std::pair<std::string, std::string>>;

fields with(fields more) {
  fields all = {{":method", "GET"}, {":scheme", "http"}, {":path", "/a?b"}, {":authority", "h:80"}};
  all.insert(all.end(), more.begin(), more.end());
  return all;
}

result<std::string> said(const fields& all, bool has_body = false) {
  request_text text(4096);
  for (const auto& [name, value] : all) text.add(name, value);
  return text.finish(has_body);
}

TEST(request_text, says_the_same_in_http_1) {
  struct row {
    fields in;
    bool has_body;
    std::string out;
  };
  const std::string line = "GET /a?b HTTP/1.1\r\nHost: h:80\r\n";
  const row rows[] = {
      {with({}), false, line + "\r\n"},
      {with({{"accept", "*/*"}, {"x-a", ""}, {"te", "trailers"}}), false,
       line + "accept: */*\r\nx-a: \r\nte: trailers\r\n\r\n"},
      {with({{"cookie", "a=b"}, {"x", "y"}, {"cookie", "c=d"}}), false,
       line + "x: y\r\nCookie: a=b; c=d\r\n\r\n"},
      {with({}), true, line + "Transfer-Encoding: chunked\r\n\r\n"},
      {with({{"content-length", "5"}}), true, line + "content-length: 5\r\n\r\n"},
      {with({{"content-length", "0"}}), false, line + "content-length: 0\r\n\r\n"},
      {with({{"host", "h:80"}}), false, line + "\r\n"},
      {{{":method", "OPTIONS"}, {":scheme", "https"}, {":path", "*"}, {"host", "h"}},
       false,
       "OPTIONS * HTTP/1.1\r\nHost: h\r\n\r\n"},
  };
  for (const row& each : rows) {
    const auto out = said(each.in, each.has_body);
    ASSERT_TRUE(out) << each.out << out.error().message();
    EXPECT_EQ(*out, each.out);
  }
}

TEST(request_text, what_could_become_something_else_is_refused) {
  struct row {
    fields in;
    errc why;
  };
  const auto changed = [](const std::string& name, const std::string& value) {
    fields all = with({});
    for (auto& each : all) {
      if (each.first == name) each.second = value;
    }
    return all;
  };
  const row rows[] = {
      {changed(":path", "/ HTTP/1.1\r\nX: y"), errc::bad_target},
      {changed(":path", "/a b"), errc::bad_target},
      {changed(":path", "http://other/"), errc::bad_target},
      {changed(":path", ""), errc::bad_target},
      {changed(":path", "*a"), errc::bad_target},
      {changed(":method", "GET / HTTP/1.1\r\n"), errc::bad_method},
      {changed(":method", ""), errc::bad_method},
      {changed(":method", "CONNECT"), errc::connect_refused},
      {changed(":authority", "h\r\nX: y"), errc::bad_host},
      {changed(":scheme", "ftp"), errc::bad_target},
      {with({{":path", "/again"}}), errc::bad_target},
      {with({{":method", "GET"}}), errc::bad_method},
      {with({{":scheme", "http"}}), errc::bad_target},
      {with({{":authority", "h"}}), errc::bad_host},
      {with({{":protocol", "websocket"}}), errc::bad_field_name},
      {with({{"x\r\ny", "z"}}), errc::bad_field_name},
      {with({{"x:", "z"}}), errc::bad_field_name},
      {with({{"", "z"}}), errc::bad_field_name},
      {with({{"X-Upper", "z"}}), errc::bad_field_name},
      {with({{"x", "a\r\nb: c"}}), errc::bad_field_value},
      {with({{"x", "a\nb"}}), errc::bad_field_value},
      {with({{"x", std::string("a\0b", 3)}}), errc::bad_field_value},
      {with({{"x", " a"}}), errc::bad_field_value},
      {with({{"x", "a\t"}}), errc::bad_field_value},
      {with({{"connection", "close"}}), errc::bad_field_name},
      {with({{"transfer-encoding", "chunked"}}), errc::bad_field_name},
      {with({{"upgrade", "websocket"}}), errc::bad_field_name},
      {with({{"keep-alive", "1"}}), errc::bad_field_name},
      {with({{"proxy-connection", "1"}}), errc::bad_field_name},
      {with({{"te", "gzip"}}), errc::bad_field_name},
      {with({{"content-length", "1"}, {"content-length", "1"}}), errc::repeated_content_length},
      {with({{"host", "other"}}), errc::bad_host},
      {with({{"host", "h:80"}, {"host", "h:80"}}), errc::bad_host},
      {{{":method", "GET"}, {":path", "/"}}, errc::bad_target},
      {{{":method", "GET"}, {":scheme", "http"}}, errc::bad_target},
      {{{":scheme", "http"}, {":path", "/"}}, errc::bad_method},
  };
  for (const row& each : rows) {
    EXPECT_EQ(said(each.in).error(), make_error_code(each.why))
        << each.in.back().first << " " << each.in.back().second;
  }
}

TEST(request_text, keeps_no_more_than_its_limit) {
  const auto padded = [](std::size_t size) {
    request_text text(1000);
    for (const auto& [name, value] : with({})) text.add(name, value);
    text.add("x", std::string(size, 'p'));
    return text.finish(false);
  };
  // Names and values of the five, and 32 bytes for each field.
  const std::size_t room = 1000 - (10 + 11 + 9 + 14) - 1 - 5 * 32;
  EXPECT_TRUE(padded(room));
  EXPECT_EQ(padded(room + 1).error(), make_error_code(errc::head_too_large));

  request_text text(1000);
  for (int i = 0; i < 40; ++i) text.add("x", std::string(67, 'p'));
  EXPECT_FALSE(text.is_flood());
  text.add("x", "");
  EXPECT_TRUE(text.is_flood());
}

TEST(request_text, a_trailer_s_field_that_is_none_is_dropped) {
  EXPECT_EQ(trailer_line("x-sum", "1"), "x-sum: 1\r\n");
  EXPECT_EQ(trailer_line("x-sum", "1\r\n"), "");
  EXPECT_EQ(trailer_line("x sum", "1"), "");
  EXPECT_EQ(trailer_line(":status", "1"), "");
}

}  // namespace
}  // namespace frpx::http::h2
