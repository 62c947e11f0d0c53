#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

#include "http/head.hpp"

namespace frpx::http {
namespace {

using namespace std::string_literals;
using kind = framing::kind;

error_code check_request(std::string_view head, request_head& out) {
  head_scanner scanner;
  const auto size = scanner.scan_request(head);
  if (!size) return size.error();
  EXPECT_TRUE(*size) << "no end: " << head;
  return *size ? parse_request(head.substr(0, **size), scanner.limits(), out) : error_code();
}

// --- requests that are taken ---

struct good_request {
  std::string head;
  framing body = {};
  std::string path = "/";
  std::string query = "";
  std::string authority = "h";
  bool keep_alive = true;
};

TEST(request_head, taken) {
  const std::vector<good_request> cases = {
      {"GET / HTTP/1.1\r\nHost: h\r\n\r\n"},
      {"\r\nGET / HTTP/1.1\r\nHost: h\r\n\r\n"},
      {"GET / HTTP/1.1\r\nhOsT:h\r\n\r\n"},
      {"GET / HTTP/1.1\r\nHost: \t h \t \r\nEmpty:\r\nX: \t\r\n\r\n"},
      {"GET /a/b?c=d?e HTTP/1.1\r\nHost: h:80\r\n\r\n", {}, "/a/b", "?c=d?e", "h:80"},
      {"GET /a?q={x|y}^z` HTTP/1.1\r\nHost: h\r\n\r\n", {}, "/a", "?q={x|y}^z`"},
      {"GET //a HTTP/1.1\r\nHost: [::1]:8080\r\n\r\n", {}, "//a", "", "[::1]:8080"},
      {"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\n", {kind::length, 5}},
      {"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 0\r\n\r\n", {kind::length, 0}},
      {"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 007\r\n\r\n", {kind::length, 7}},
      {"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 9223372036854775807\r\n\r\n",
       {kind::length, 9223372036854775807u}},
      {"POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: Chunked\r\n\r\n", {kind::chunked, 0}},
      {"GET http://x.y:1/p?q HTTP/1.1\r\nHost: h\r\n\r\n", {}, "/p", "?q", "x.y:1"},
      {"GET HTTPS://x HTTP/1.1\r\nHost: h\r\n\r\n", {}, "/", "", "x"},
      {"GET http://x?q HTTP/1.1\r\nHost: h\r\n\r\n", {}, "/", "?q", "x"},
      {"OPTIONS http://x HTTP/1.1\r\nHost: h\r\n\r\n", {}, "*", "", "x"},
      {"OPTIONS * HTTP/1.1\r\nHost: h\r\n\r\n", {}, "*"},
      {"GET / HTTP/1.1\r\nHost: h\r\nConnection: Close\r\n\r\n", {}, "/", "", "h", false},
      {"GET / HTTP/1.1\r\nHost: h\r\nConnection: keep-alive, ,x ,close\r\n\r\n",
       {},
       "/",
       "",
       "h",
       false},
      {"GET / HTTP/1.0\r\n\r\n", {}, "/", "", "", false},
      {"GET / HTTP/1.0\r\nHost: h\r\nConnection: Keep-Alive\r\n\r\n"},
      {"GET / HTTP/1.0\r\nHost: h\r\nConnection: keep-alive\r\nConnection: close\r\n\r\n",
       {},
       "/",
       "",
       "h",
       false},
      {"GET / HTTP/1.1\r\nHost: h:\r\n\r\n"},
      {"GET / HTTP/1.1\r\nHost: [::1]:\r\n\r\n", {}, "/", "", "[::1]"},
      {"GET http://h:/ HTTP/1.1\r\nHost: x\r\n\r\n"},
      {"GET / HTTP/1.1\r\nHost: h\r\nX: caf\xc3\xa9 \xff\r\n\r\n"},
  };
  for (const good_request& row : cases) {
    request_head head;
    const error_code error = check_request(row.head, head);
    ASSERT_FALSE(error) << row.head << error.message();
    EXPECT_EQ(head.body, row.body) << row.head;
    EXPECT_EQ(head.path, row.path) << row.head;
    EXPECT_EQ(head.query, row.query) << row.head;
    EXPECT_EQ(head.authority, row.authority) << row.head;
    EXPECT_EQ(head.keep_alive(), row.keep_alive) << row.head;
  }
}

TEST(request_head, names_and_values) {
  request_head head;
  ASSERT_FALSE(check_request(
      "PATCH /x HTTP/1.1\r\nHost: h\r\nA: 1\r\nAuthorization: Bearer k\r\na: 2\r\n\r\n", head));
  EXPECT_EQ(head.method, "PATCH");
  EXPECT_EQ(head.target, "/x");
  EXPECT_EQ(head.fields.size(), 4u);
  ASSERT_NE(head.fields.find("a"), nullptr);
  EXPECT_EQ(head.fields.find("a")->value, "1");
  ASSERT_NE(head.fields.find(field_id::authorization), nullptr);
  EXPECT_EQ(head.fields.find(field_id::authorization)->value, "Bearer k");
  EXPECT_EQ(head.fields.find("b"), nullptr);
  // The same object for the next head: nothing stays of the first.
  ASSERT_FALSE(check_request("GET / HTTP/1.0\r\n\r\n", head));
  EXPECT_EQ(head.fields.size(), 0u);
  EXPECT_TRUE(head.authority.empty());
}

TEST(request_head, expectations_and_upgrades) {
  struct wish {
    std::string head;
    bool expects_continue;
    bool wants_websocket;
  };
  const std::string upgrade = "Connection: keep-alive, Upgrade\r\nUpgrade: WebSocket\r\n";
  const std::vector<wish> cases = {
      {"POST / HTTP/1.1\r\nHost: h\r\nExpect: 100-Continue\r\nContent-Length: 1\r\n\r\n", true,
       false},
      {"POST / HTTP/1.0\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 1\r\n\r\n", false,
       false},
      {"GET / HTTP/1.1\r\nHost: h\r\n" + upgrade + "\r\n", false, true},
      {"GET / HTTP/1.0\r\nHost: h\r\n" + upgrade + "\r\n", false, false},
      {"POST / HTTP/1.1\r\nHost: h\r\n" + upgrade + "\r\n", false, false},
      {"GET / HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\n" + upgrade + "\r\n", false, false},
      {"GET / HTTP/1.1\r\nHost: h\r\nUpgrade: websocket\r\n\r\n", false, false},
      {"GET / HTTP/1.1\r\nHost: h\r\nConnection: upgrade\r\nUpgrade: h2c\r\n\r\n", false, false},
      {"GET / HTTP/1.1\r\nHost: h\r\nConnection: upgrade\r\nUpgrade: h2c, websocket\r\n\r\n", false,
       false},
  };
  for (const wish& row : cases) {
    request_head head;
    ASSERT_FALSE(check_request(row.head, head)) << row.head;
    EXPECT_EQ(head.expects_continue, row.expects_continue) << row.head;
    EXPECT_EQ(head.wants_websocket, row.wants_websocket) << row.head;
  }
}

// --- requests that are refused ---

struct bad_request {
  std::string head;
  errc error;
  int status = 400;
};

std::string with_host(std::string_view fields) {
  return "POST / HTTP/1.1\r\nHost: h\r\n" + std::string(fields) + "\r\n\r\n";
}

std::string with_line(std::string_view line) {
  return std::string(line) + "\r\nHost: h\r\n\r\n";
}

void expect_refused(const std::vector<bad_request>& cases) {
  ASSERT_FALSE(cases.empty());
  for (const bad_request& row : cases) {
    request_head head;
    const error_code error = check_request(row.head, head);
    EXPECT_EQ(error, row.error) << row.head << error.message();
    EXPECT_EQ(status_of(error), row.status) << row.head;
  }
}

TEST(request_head, smuggled_framing_is_refused) {
  expect_refused({
      // CL.TE, TE.CL
      {with_host("Content-Length: 5\r\nTransfer-Encoding: chunked"), errc::length_and_chunked},
      {with_host("Transfer-Encoding: chunked\r\nContent-Length: 5"), errc::length_and_chunked},
      {with_host("Transfer-Encoding: chunked\r\nContent-Length: 0"), errc::length_and_chunked},
      // TE.TE
      {with_host("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked"),
       errc::bad_transfer_encoding},
      {with_host("Transfer-Encoding: chunked\r\nTransfer-Encoding: x"),
       errc::bad_transfer_encoding},
      {with_host("Transfer-Encoding: gzip\r\nContent-Length: 5"), errc::bad_transfer_encoding},
      {with_host("Content-Length: 5\r\nTransfer-Encoding: gzip"), errc::bad_transfer_encoding},
      {with_host("Transfer-Encoding: xchunked"), errc::bad_transfer_encoding},
      {with_host("Transfer-Encoding: chunked, identity"), errc::bad_transfer_encoding},
      {with_host("Transfer-Encoding: identity, chunked"), errc::bad_transfer_encoding},
      {with_host("Transfer-Encoding: identity"), errc::bad_transfer_encoding},
      {with_host("Transfer-Encoding: gzip, chunked"), errc::bad_transfer_encoding},
      {with_host("Transfer-Encoding: chunked, chunked"), errc::bad_transfer_encoding},
      {with_host("Transfer-Encoding: \"chunked\""), errc::bad_transfer_encoding},
      {with_host("Transfer-Encoding: chunked;q=1"), errc::bad_transfer_encoding},
      {with_host("Transfer-Encoding: ,chunked"), errc::bad_transfer_encoding},
      {with_host("Transfer-Encoding: chunked,"), errc::bad_transfer_encoding},
      {with_host("Transfer-Encoding:"), errc::bad_transfer_encoding},
      {with_host("Transfer-Encoding:\x0b"
                 "chunked"),
       errc::bad_field_value},
      {with_host("Transfer-Encoding : chunked"), errc::space_before_colon},
      {with_host("Transfer-Encoding\t: chunked"), errc::space_before_colon},
      {with_host("X: y\r\n Transfer-Encoding: chunked"), errc::folded_line},
      {with_host("X: y\nTransfer-Encoding: chunked"), errc::bare_line_feed},
      {with_host("X: y\rTransfer-Encoding: chunked"), errc::bare_carriage_return},
      {with_host("Transfer-Encoding:\r\n chunked"), errc::folded_line},
      {"POST / HTTP/1.0\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n",
       errc::transfer_encoding_in_1_0},
      {"POST / HTTP/1.0\r\nHost: h\r\nTransfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n",
       errc::transfer_encoding_in_1_0},
      // Content-Length
      {with_host("Content-Length: 5\r\nContent-Length: 5"), errc::repeated_content_length},
      {with_host("Content-Length: 5\r\nContent-Length: 6"), errc::repeated_content_length},
      {with_host("Content-Length: 5\r\ncontent-length: 5"), errc::repeated_content_length},
      {with_host("Content-Length: 5, 5"), errc::bad_content_length},
      {with_host("Content-Length: +5"), errc::bad_content_length},
      {with_host("Content-Length: -5"), errc::bad_content_length},
      {with_host("Content-Length: 5 5"), errc::bad_content_length},
      {with_host("Content-Length: 0x5"), errc::bad_content_length},
      {with_host("Content-Length: 5."), errc::bad_content_length},
      {with_host("Content-Length: 5a"), errc::bad_content_length},
      {with_host("Content-Length:"), errc::bad_content_length},
      {with_host("Content-Length: 9223372036854775808"), errc::bad_content_length},
      {with_host("Content-Length: 18446744073709551617"), errc::bad_content_length},
      {with_host("Content-Length : 5"), errc::space_before_colon},
      {with_host(" Content-Length: 5"), errc::folded_line},
      {with_host("\tContent-Length: 5"), errc::folded_line},
      {with_host("Content-Length\r\n: 5"), errc::bad_field_name},
      {with_host("X: a\r\n\tContent-Length: 5"), errc::folded_line},
      {with_host("Content-Length: 5\0"s), errc::bad_field_value},
      {with_host("Content\0-Length: 5"s), errc::bad_field_name},
  });
}

TEST(request_head, malformed_fields_are_refused) {
  expect_refused({
      {with_host(": x"), errc::bad_field_name},
      {with_host("no colon"), errc::bad_field_name},
      {with_host("n\xc3\xa9: x"), errc::bad_field_name},
      {with_host("a(b: x"), errc::bad_field_name},
      {with_host("a\"b: x"), errc::bad_field_name},
      {with_host("X: \x01"), errc::bad_field_value},
      {with_host("X: 12345678\x7f"
                 "12345678"),
       errc::bad_field_value},
      {with_host("X: 12345678\x1f"
                 "12345678"),
       errc::bad_field_value},
      {with_host("X: a\0b"s), errc::bad_field_value},
      {with_host("X: a\x1b[2J"), errc::bad_field_value},
      {with_host("X: a\r"), errc::bare_carriage_return},
      {with_host("Connection: a b"), errc::bad_connection},
      {with_host("Connection: close;x"), errc::bad_connection},
      {with_host("Expect: 200-ok"), errc::unknown_expectation, 417},
      {"GET / HTTP/1.1\nHost: h\n\n", errc::bare_line_feed},
      {"GET / HTTP/1.1\r\nHost: h\r\n\n", errc::bare_line_feed},
      {"GET / HTTP/1.1\r\nHost: h\n\r\n", errc::bare_line_feed},
      {"\nGET / HTTP/1.1\r\nHost: h\r\n\r\n", errc::bare_line_feed},
      {"\r\n\r\nGET / HTTP/1.1\r\nHost: h\r\n\r\n", errc::bad_request_line},
  });
}

TEST(request_head, hosts) {
  expect_refused({
      {"GET / HTTP/1.1\r\n\r\n", errc::missing_host},
      {"GET http://x/ HTTP/1.1\r\n\r\n", errc::missing_host},
      {"GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n", errc::repeated_host},
      {"GET / HTTP/1.0\r\nHost: a\r\nHost: b\r\n\r\n", errc::repeated_host},
      {with_host("Host: h"), errc::repeated_host},
      {"GET / HTTP/1.1\r\nHost:\r\n\r\n", errc::bad_host},
      {"GET / HTTP/1.1\r\nHost: a b\r\n\r\n", errc::bad_host},
      {"GET / HTTP/1.1\r\nHost: a,b\r\n\r\n", errc::bad_host},
      {"GET / HTTP/1.1\r\nHost: a/b\r\n\r\n", errc::bad_host},
      {"GET / HTTP/1.1\r\nHost: u@a\r\n\r\n", errc::bad_host},
      {"GET / HTTP/1.1\r\nHost: a?b\r\n\r\n", errc::bad_host},
      {"GET / HTTP/1.1\r\nHost: :80\r\n\r\n", errc::bad_host},
      {"GET / HTTP/1.1\r\nHost: a::\r\n\r\n", errc::bad_host},
      {"GET / HTTP/1.1\r\nHost: :\r\n\r\n", errc::bad_host},
      {"GET / HTTP/1.1\r\nHost: a:65536\r\n\r\n", errc::bad_host},
      {"GET / HTTP/1.1\r\nHost: a:000080\r\n\r\n", errc::bad_host},
      {"GET / HTTP/1.1\r\nHost: a:8x\r\n\r\n", errc::bad_host},
      {"GET / HTTP/1.1\r\nHost: a:+8\r\n\r\n", errc::bad_host},
      {"GET / HTTP/1.1\r\nHost: [::1\r\n\r\n", errc::bad_host},
      {"GET / HTTP/1.1\r\nHost: []\r\n\r\n", errc::bad_host},
      {"GET / HTTP/1.1\r\nHost: [::1]x\r\n\r\n", errc::bad_host},
      {"GET / HTTP/1.1\r\nHost: [::g]\r\n\r\n", errc::bad_host},
      {"GET / HTTP/1.1\r\nHost: \xff\r\n\r\n", errc::bad_host},
  });
}

TEST(request_head, request_lines) {
  expect_refused({
      {with_line("GET /"), errc::bad_request_line},
      {with_line("GET"), errc::bad_request_line},
      {with_line("GET HTTP/1.1"), errc::bad_request_line},
      {with_line("GET  HTTP/1.1"), errc::bad_request_line},
      {with_line("GET / HTTP/1.1 "), errc::bad_request_line},
      {with_line("GET / http/1.1"), errc::bad_request_line},
      {with_line("GET / HTTP/1.10"), errc::bad_request_line},
      {with_line("GET / HTTP/11"), errc::bad_request_line},
      {with_line("GET / FTP/1.1"), errc::bad_request_line},
      {with_line("GET / HTTP/2.0"), errc::unknown_version, 505},
      {with_line("GET / HTTP/1.2"), errc::unknown_version, 505},
      {with_line("GET / HTTP/0.9"), errc::unknown_version, 505},
      {with_line("PRI * HTTP/2.0"), errc::unknown_version, 505},
      {with_line("G(T / HTTP/1.1"), errc::bad_method},
      {with_line("G\xc3\xa9T / HTTP/1.1"), errc::bad_method},
      {with_line(std::string(33, 'G') + " / HTTP/1.1"), errc::bad_method},
      {with_line(" GET / HTTP/1.1"), errc::bad_method},
      {"\r\n\x16", errc::bad_method},
      {"\x16\x03\x01\x02", errc::bad_method},
      {with_line("CONNECT h:80 HTTP/1.1"), errc::connect_refused, 501},
      {with_line("CONNECT / HTTP/1.1"), errc::connect_refused, 501},
      {with_line("GET * HTTP/1.1"), errc::bad_target},
      {with_line("OPTIONS ** HTTP/1.1"), errc::bad_target},
      {with_line("GET h:80 HTTP/1.1"), errc::bad_target},
      {with_line("GET a HTTP/1.1"), errc::bad_target},
      {with_line("GET ?a HTTP/1.1"), errc::bad_target},
      {with_line("GET  / HTTP/1.1"), errc::bad_target},
      {with_line("GET /a b HTTP/1.1"), errc::bad_target},
      {with_line("GET /a\tb HTTP/1.1"), errc::bad_target},
      {with_line("GET /#a HTTP/1.1"), errc::bad_target},
      {with_line("GET /\"a\" HTTP/1.1"), errc::bad_target},
      {with_line("GET /<a> HTTP/1.1"), errc::bad_target},
      {with_line("GET /\x7f HTTP/1.1"), errc::bad_target},
      {with_line("GET /\xc3\xa9 HTTP/1.1"), errc::bad_target},
      {with_line("GET /\0 HTTP/1.1"s), errc::bad_target},
      {with_line("GET /\ra HTTP/1.1"s), errc::bare_carriage_return},
      {with_line("GET ftp://h/ HTTP/1.1"), errc::bad_target},
      {with_line("GET http:///a HTTP/1.1"), errc::bad_target},
      {with_line("GET http://u@h/ HTTP/1.1"), errc::bad_target},
      {with_line("GET http://h:x/ HTTP/1.1"), errc::bad_target},
      {with_line("GET http:/h HTTP/1.1"), errc::bad_target},
  });
}

// --- limits ---

std::string many_fields(std::size_t count) {
  std::string head = "GET / HTTP/1.1\r\nHost: h\r\n";
  for (std::size_t i = 1; i < count; ++i) head += "X: y\r\n";
  return head + "\r\n";
}

TEST(request_head, limits_and_one_past) {
  request_head head;
  EXPECT_FALSE(check_request(many_fields(100), head));
  EXPECT_EQ(check_request(many_fields(101), head), errc::too_many_fields);
  EXPECT_EQ(status_of(errc::too_many_fields), 431);
  const head_limits most = {.fields = field_table::capacity};
  EXPECT_FALSE(parse_request(many_fields(field_table::capacity), most, head));
  EXPECT_EQ(head.fields.size(), field_table::capacity);
  EXPECT_EQ(parse_request(many_fields(field_table::capacity + 1), most, head),
            errc::too_many_fields);

  const auto target = [](std::size_t size) {
    return "GET /" + std::string(size - 1, 'a') + " HTTP/1.1\r\nHost: h\r\n\r\n";
  };
  EXPECT_FALSE(check_request(target(8192), head));
  EXPECT_EQ(check_request(target(8193), head), errc::target_too_long);
  EXPECT_EQ(status_of(errc::target_too_long), 414);

  const auto sized = [](std::size_t size) {
    const std::string start = "GET / HTTP/1.1\r\nHost: h\r\nX: ";
    return start + std::string(size - start.size() - 4, 'x') + "\r\n\r\n";
  };
  EXPECT_FALSE(check_request(sized(32768), head));
  EXPECT_EQ(check_request(sized(32769), head), errc::head_too_large);
  EXPECT_EQ(head_scanner().scan_request(sized(32769)).error(), errc::head_too_large);
  EXPECT_EQ(status_of(errc::head_too_large), 431);
  EXPECT_FALSE(check_request("G" + std::string(31, 'X') + " / HTTP/1.0\r\n\r\n", head));
}

TEST(request_head, limits_hold_before_the_end_has_come) {
  head_scanner scanner;
  EXPECT_EQ(scanner.scan_request("GET /" + std::string(9000, 'a')).error(), errc::target_too_long);
  scanner.reset();
  EXPECT_EQ(scanner.scan_request("GET / HTTP/1.1\r\nX: " + std::string(33000, 'a')).error(),
            errc::head_too_large);
}

TEST(request_head, smaller_limits_are_kept) {
  const head_limits limits{.head = 64, .fields = 2, .target = 4};
  request_head head;
  EXPECT_FALSE(parse_request("GET /abc HTTP/1.0\r\nA: b\r\nC: d\r\n\r\n", limits, head));
  EXPECT_EQ(parse_request("GET /abcd HTTP/1.0\r\n\r\n", limits, head), errc::target_too_long);
  EXPECT_EQ(parse_request("GET / HTTP/1.0\r\nA: b\r\nC: d\r\nE: f\r\n\r\n", limits, head),
            errc::too_many_fields);
  head_scanner scanner(limits);
  EXPECT_EQ(scanner.scan_request("GET / HTTP/1.0\r\n" + std::string(48, 'a')).error(),
            errc::head_too_large);
}

// --- the scanner ---

TEST(head_scanner, finds_the_end_however_the_bytes_come) {
  const std::string head = "\r\nGET / HTTP/1.1\r\nHost: h\r\nX: y\r\n\r\n";
  const std::string bytes = head + "body\r\n\r\n";
  for (std::size_t step = 1; step <= bytes.size(); ++step) {
    head_scanner scanner;
    for (std::size_t size = step; true; size += step) {
      const auto found = scanner.scan_request(std::string_view(bytes).substr(0, size));
      ASSERT_TRUE(found) << step;
      EXPECT_EQ(found->has_value(), size >= head.size()) << step << ' ' << size;
      if (!*found) continue;
      EXPECT_EQ(**found, head.size());
      break;
    }
  }
}

TEST(head_scanner, waits_for_bytes) {
  head_scanner scanner;
  for (const std::string_view start : {"", "\r", "\r\n", "\r\nG"}) {
    const auto found = scanner.scan_request(start);
    ASSERT_TRUE(found) << start;
    EXPECT_FALSE(*found);
  }
  scanner.reset();
  EXPECT_FALSE(*scanner.scan_response(""));
  EXPECT_FALSE(*scanner.scan_response("HTT"));
  EXPECT_EQ(scanner.scan_response("\r\nHTTP").error(), errc::bad_status_line);
}

TEST(connection_field, what_it_lists) {
  request_head head;
  const std::string text = with_host("Connection: close, X-A\r\nConnection: x-b");
  ASSERT_FALSE(check_request(text, head));
  EXPECT_TRUE(head.connection.close);
  EXPECT_TRUE(head.connection.others);
  EXPECT_TRUE(is_listed(head.fields, "x-a"));
  EXPECT_TRUE(is_listed(head.fields, "X-B"));
  EXPECT_FALSE(is_listed(head.fields, "X"));
}

TEST(errors, each_has_a_sentence) {
  for (int value = 1; value <= static_cast<int>(errc::no_room); ++value) {
    EXPECT_NE(make_error_code(static_cast<errc>(value)).message(), "unknown error of HTTP");
  }
  EXPECT_EQ(status_of(errc::body_too_large), 413);
  EXPECT_EQ(status_of(make_error_code(boost::system::errc::timed_out)), 400);
}

}  // namespace
}  // namespace frpx::http
