#include "http/rewrite.hpp"

#include <gtest/gtest.h>

#include <array>
#include <string>
#include <string_view>
#include <vector>

#include "http/errc.hpp"

namespace frpx::http {
namespace {

std::string rewritten(std::string_view text, const request_rules& rules) {
  request_head head;
  EXPECT_FALSE(parse_request(text, {}, head)) << text;
  std::array<char, 4096> out;
  const auto size = write_request_head(head, rules, out);
  return size ? std::string(out.data(), *size) : size.error().message();
}

struct request_case {
  std::string name;
  std::string in;
  std::string out;
  request_rules rules = {};
};

const field two_extras[] = {{"X-Request-Id", "r1", field_id::x_request_id}, {"X-Other", "o"}};

request_rules rules_with(std::string_view address, bool tls = false, bool trusted = false) {
  return {.visitor_address = address, .visitor_uses_tls = tls, .visitor_is_trusted = trusted};
}

std::vector<request_case> request_cases() {
  const std::string host = "GET / HTTP/1.1\r\nHost: h\r\n";
  const std::string via = "Via: 1.1 frpx\r\n";
  const std::string proto_host = "X-Forwarded-Proto: http\r\nX-Forwarded-Host: h\r\n";
  const std::string forwarded = proto_host + via;
  const std::string from_9 = "X-Forwarded-For: 9.9.9.9\r\n" + proto_host +
                             "Forwarded: for=9.9.9.9;host=h;proto=http\r\n" + via;
  const std::string post = "POST / HTTP/1.1\r\nHost: h\r\n";
  const std::string chunked = post + "Transfer-Encoding: chunked\r\n";
  request_rules over_h2;
  over_h2.visitor_uses_h2 = true;
  request_rules keeps_key;
  keeps_key.keep_authorization = true;
  request_rules no_upgrade;
  no_upgrade.keep_upgrade = false;
  request_rules other_host;
  other_host.host = "localhost:11434";
  request_rules extra;
  extra.extra = two_extras;
  const std::string upgrade =
      host + "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: k\r\n\r\n";
  return {
      {"plain", host + "Accept: */*\r\n\r\n", host + "Accept: */*\r\n" + forwarded + "\r\n"},
      {"query", "GET /a?b HTTP/1.1\r\nHost: h\r\n\r\n",
       "GET /a?b HTTP/1.1\r\nHost: h\r\n" + forwarded + "\r\n"},
      {"absolute target", "GET http://x:1?q HTTP/1.1\r\nHost: h\r\n\r\n",
       "GET /?q HTTP/1.1\r\nHost: x:1\r\nX-Forwarded-Proto: http\r\nX-Forwarded-Host: x:1\r\n" +
           via + "\r\n"},
      {"asterisk", "OPTIONS * HTTP/1.1\r\nHost: h\r\n\r\n",
       "OPTIONS * HTTP/1.1\r\nHost: h\r\n" + forwarded + "\r\n"},
      {"1.0 without host", "GET / HTTP/1.0\r\n\r\n",
       "GET / HTTP/1.1\r\nHost: \r\nX-Forwarded-Proto: http\r\nVia: 1.0 frpx\r\n\r\n"},
      {"another host", host + "\r\n",
       "GET / HTTP/1.1\r\nHost: localhost:11434\r\n" + forwarded + "\r\n", other_host},
      {"another host, for a page of the same site",
       host + "Origin: https://H\r\norigin: https://h\r\n\r\n",
       "GET / HTTP/1.1\r\nHost: localhost:11434\r\nOrigin: http://localhost:11434\r\n"
       "origin: https://h\r\n" +
           forwarded + "\r\n",
       other_host},
      {"another host, for a page of another site", host + "Origin: https://h.example\r\n\r\n",
       "GET / HTTP/1.1\r\nHost: localhost:11434\r\nOrigin: https://h.example\r\n" + forwarded +
           "\r\n",
       other_host},
      {"a page of the same site", host + "Origin: https://h\r\n\r\n",
       host + "Origin: https://h\r\n" + forwarded + "\r\n"},
      {"canonical length", post + "content-length:  007\r\n\r\n",
       post + forwarded + "Content-Length: 7\r\n\r\n"},
      {"no bytes", post + "Content-Length: 0\r\n\r\n",
       post + forwarded + "Content-Length: 0\r\n\r\n"},
      {"no body where one is expected", post + "\r\n",
       post + forwarded + "Content-Length: 0\r\n\r\n"},
      {"no body of a method that expects none", "DELETE / HTTP/1.1\r\nHost: h\r\n\r\n",
       "DELETE / HTTP/1.1\r\nHost: h\r\n" + forwarded + "\r\n"},
      {"an empty port", "GET / HTTP/1.1\r\nHost: h:\r\n\r\n", host + forwarded + "\r\n"},
      {"canonical chunked", post + "transfer-ENCODING: CHUNKED\r\n\r\n",
       post + forwarded + "Transfer-Encoding: chunked\r\n\r\n"},
      {"hop by hop",
       host +
           "Keep-Alive: 5\r\nTE: trailers\r\nTrailer: X\r\nUpgrade: h2c\r\nProxy-Connection: x\r\n"
           "HTTP2-Settings: x\r\nConnection: Keep-Alive, Upgrade, HTTP2-Settings, x-private\r\n"
           "X-Private: 1\r\nX-Public: 2\r\n\r\n",
       host + "X-Public: 2\r\n" + forwarded + "Connection: TE\r\nTE: trailers\r\n\r\n"},
      {"listed framing stays",
       post + "Connection: content-length, host\r\nContent-Length: 7\r\n\r\n",
       post + forwarded + "Content-Length: 7\r\n\r\n"},
      {"key dropped",
       host + "Authorization: Bearer k\r\nProxy-Authorization: x\r\nProxy: x\r\n\r\n",
       host + forwarded + "\r\n"},
      {"every form of the key dropped",
       host + "X-API-Key: k\r\napi-key: k\r\nx-goog-api-key: k\r\nX_Api_Key: k\r\n"
              "Api_Key: k\r\nx-goog_api-key: k\r\nX-Api-Keys: 1\r\n\r\n",
       host + "X-Api-Keys: 1\r\n" + forwarded + "\r\n"},
      {"every form of the key dropped, although another one is kept",
       host + "Authorization: Bearer k\r\nX-API-Key: k\r\n\r\n",
       host + "Authorization: Bearer k\r\n" + forwarded + "\r\n", keeps_key},
      {"every form of the key dropped, listed as one of the hop",
       host + "Connection: x-api-key, close\r\nX-API-Key: k\r\napi-key: k\r\n\r\n",
       host + forwarded + "\r\n"},
      {"overrides",
       host + "X-HTTP-Method-Override: DELETE\r\nX-HTTP-Method: PUT\r\nX-Method-Override: PUT\r\n"
              "X-Method: PUT\r\nX-Original-Method: PUT\r\nX-Original-URL: /a\r\n"
              "X-Original-URI: /a\r\nX-Rewrite-URL: /a\r\nX-Rewrite-URI: /a\r\n"
              "X-Override-URL: /a\r\nX_HTTP_Method_Override: PUT\r\nx_original_url: /a\r\n"
              "X-Original-URLs: 1\r\n\r\n",
       host + "X-Original-URLs: 1\r\n" + forwarded + "\r\n"},
      {"overrides, from a trusted proxy too", host + "X-Original-URL: /a\r\n\r\n",
       host + from_9 + "\r\n", rules_with("9.9.9.9", false, true)},
      {"key kept", host + "Authorization: Bearer k\r\n\r\n",
       host + "Authorization: Bearer k\r\n" + forwarded + "\r\n", keeps_key},
      {"client_id", host + "client_id: c\r\nClient-Id: c\r\n\r\n",
       host + "Client-Id: c\r\n" + forwarded + "\r\n"},
      {"spoofed",
       host + "X-Forwarded-For: 1.1.1.1\r\nX-Forwarded-Proto: https\r\nForwarded: for=x\r\n"
              "X-Forwarded-Host: x\r\nX-Real-IP: 1.1.1.1\r\n\r\n",
       host + from_9 + "\r\n", rules_with("9.9.9.9")},
      {"disguised",
       host + "X_Forwarded_For: 1.1.1.1\r\nX-Forwarded_For: x\r\nContent_Length: 5\r\n"
              "Transfer_Encoding: chunked\r\nA_B: c\r\n\r\n",
       host + "A_B: c\r\n" + from_9 + "\r\n", rules_with("9.9.9.9")},
      {"over TLS", host + "\r\n",
       host +
           "X-Forwarded-For: 9.9.9.9\r\nX-Forwarded-Proto: https\r\nX-Forwarded-Host: h\r\n"
           "Forwarded: for=9.9.9.9;host=h;proto=https\r\n" +
           via + "\r\n",
       rules_with("9.9.9.9", true)},
      {"trusted",
       host + "X-Forwarded-For: 1.1.1.1\r\nX-Forwarded-For: 2.2.2.2\r\nX-Forwarded-Proto: https\r\n"
              "X-Forwarded-Host: x\r\n\r\n",
       host +
           "X-Forwarded-Proto: https\r\nX-Forwarded-Host: x\r\n"
           "X-Forwarded-For: 1.1.1.1, 2.2.2.2, 9.9.9.9\r\n"
           "Forwarded: for=1.1.1.1, for=2.2.2.2, for=9.9.9.9;host=h;proto=http\r\n" +
           via + "\r\n",
       rules_with("9.9.9.9", false, true)},
      {"trusted, with Forwarded",
       host + "Forwarded: for=1.1.1.1;proto=https\r\nX-Forwarded-For: 1.1.1.1\r\n\r\n",
       host + "Forwarded: for=1.1.1.1;proto=https\r\nX-Forwarded-For: 1.1.1.1, 9.9.9.9\r\n" +
           proto_host + "Forwarded: for=9.9.9.9;host=h;proto=http\r\n" + via + "\r\n",
       rules_with("9.9.9.9", false, true)},
      {"trusted, with all kinds of addresses",
       host + "X-Forwarded-For: 2001:db8::1, 1.2.3.4:80, [::1]:80, evil\", ::1\r\n\r\n",
       host + "X-Forwarded-For: 2001:db8::1, 1.2.3.4:80, [::1]:80, evil\", ::1, 9.9.9.9\r\n" +
           proto_host +
           "Forwarded: for=\"[2001:db8::1]\", for=\"1.2.3.4:80\", for=unknown, for=unknown, "
           "for=\"[::1]\", for=9.9.9.9;host=h;proto=http\r\n" +
           via + "\r\n",
       rules_with("9.9.9.9", false, true)},
      {"from IPv6, to a host with a port", "GET / HTTP/1.1\r\nHost: h:80\r\n\r\n",
       "GET / HTTP/1.1\r\nHost: h:80\r\nX-Forwarded-For: ::1\r\nX-Forwarded-Proto: http\r\n"
       "X-Forwarded-Host: h:80\r\nForwarded: for=\"[::1]\";host=\"h:80\";proto=http\r\n" +
           via + "\r\n",
       rules_with("::1")},
      {"via another proxy", host + "Via: 1.0 other\r\n\r\n",
       host + "Via: 1.0 other\r\n" + forwarded + "\r\n"},
      {"over HTTP/2", host + "\r\n", host + proto_host + "Via: 2.0 frpx\r\n\r\n", over_h2},
      {"trailers", chunked + "TE: deflate, trailers\r\nTrailer: X-Sum\r\n\r\n",
       post + "Trailer: X-Sum\r\n" + forwarded +
           "Transfer-Encoding: chunked\r\nConnection: TE\r\nTE: trailers\r\n\r\n"},
      {"no trailers", post + "TE: deflate\r\nTrailer: X\r\nContent-Length: 7\r\n\r\n",
       post + forwarded + "Content-Length: 7\r\n\r\n"},
      {"expectation", post + "Expect: 100-continue\r\nContent-Length: 7\r\n\r\n",
       post + forwarded + "Content-Length: 7\r\nExpect: 100-continue\r\n\r\n"},
      {"expectation without body", host + "Expect: 100-continue\r\n\r\n",
       host + forwarded + "\r\n"},
      {"upgrade", upgrade,
       host + "Sec-WebSocket-Key: k\r\n" + forwarded +
           "Connection: Upgrade\r\nUpgrade: websocket\r\n\r\n"},
      {"upgrade unwanted", upgrade, host + "Sec-WebSocket-Key: k\r\n" + forwarded + "\r\n",
       no_upgrade},
      {"extra", host + "x-request-id: spoofed\r\nX-OTHER: x\r\n\r\n",
       host + forwarded + "X-Request-Id: r1\r\nX-Other: o\r\n\r\n", extra},
  };
}

TEST(rewrite, request_heads) {
  for (const request_case& row : request_cases()) {
    EXPECT_EQ(rewritten(row.in, row.rules), row.out) << row.name;
  }
}

TEST(rewrite, request_needs_its_room) {
  request_head head;
  ASSERT_FALSE(
      parse_request("POST / HTTP/1.1\r\nHost: h\r\nA: b\r\nContent-Length: 12\r\n\r\n", {}, head));
  std::array<char, 4096> out;
  const std::size_t size = *write_request_head(head, {}, out);
  for (std::size_t room = 0; room < size; ++room) {
    EXPECT_EQ(write_request_head(head, {}, std::span(out).first(room)).error(), errc::no_room);
  }
  EXPECT_EQ(*write_request_head(head, {}, std::span(out).first(size)), size);
}

struct response_case {
  std::string name;
  std::string in;
  response_rules rules;
  std::string out;
};

const field client_extra[] = {{"X-Frpx-Client", "c1", field_id::x_frpx_client}};

TEST(rewrite, response_heads) {
  using kind = framing::kind;
  const std::string ok = "HTTP/1.1 200 OK\r\n";
  const std::string via = "Via: 1.1 frpx\r\n";
  const std::vector<response_case> cases = {
      {"length",
       ok + "content-length: 05\r\nServer: s\r\n\r\n",
       {.body = {kind::length, 5}, .keep_alive = true},
       ok + "Server: s\r\nContent-Length: 5\r\n" + via + "\r\n"},
      {"chunked",
       ok + "\r\n",
       {.body = {kind::chunked, 0}, .keep_alive = true},
       ok + "Transfer-Encoding: chunked\r\n" + via + "\r\n"},
      {"until close",
       "HTTP/1.0 200 OK\r\n\r\n",
       {.body = {kind::until_close, 0}},
       ok + "Connection: close\r\nVia: 1.0 frpx\r\n\r\n"},
      {"1.0 keeps alive",
       ok + "Content-Length: 5\r\n\r\n",
       {.body = {kind::length, 5}, .keep_alive = true, .visitor_speaks_1_0 = true},
       ok + "Content-Length: 5\r\nConnection: keep-alive\r\n" + via + "\r\n"},
      {"HEAD",
       ok + "Content-Length: 5\r\n\r\n",
       {.head_only = true, .keep_alive = true},
       ok + "Content-Length: 5\r\n" + via + "\r\n"},
      {"HEAD of unknown length",
       ok + "Transfer-Encoding: chunked\r\n\r\n",
       {.head_only = true, .keep_alive = true},
       ok + via + "\r\n"},
      {"204",
       "HTTP/1.1 204 No Content\r\nContent-Length: 0\r\n\r\n",
       {.keep_alive = true},
       "HTTP/1.1 204 No Content\r\n" + via + "\r\n"},
      {"hop by hop and ours",
       ok + "Connection: close, x-a\r\nKeep-Alive: 5\r\nX-A: 1\r\nX-B: 2\r\nUpgrade: h2c\r\n"
            "x-frpx-client: forged\r\n\r\n",
       {.keep_alive = true, .extra = client_extra},
       ok + "X-B: 2\r\n" + via + "X-Frpx-Client: c1\r\n\r\n"},
      {"trailer announced",
       ok + "Via: 1.1 other\r\nTransfer-Encoding: chunked\r\nTrailer: X-Sum\r\n\r\n",
       {.body = {kind::chunked, 0}, .keep_alive = true},
       ok + "Via: 1.1 other\r\nTrailer: X-Sum\r\nTransfer-Encoding: chunked\r\n" + via + "\r\n"},
      {"trailer that cannot come",
       ok + "Transfer-Encoding: chunked\r\nTrailer: X-Sum\r\n\r\n",
       {.body = {kind::until_close, 0}, .visitor_speaks_1_0 = true},
       ok + "Connection: close\r\n" + via + "\r\n"},
      {"no reason",
       "HTTP/1.1 299\r\n\r\n",
       {.keep_alive = true},
       "HTTP/1.1 299 \r\n" + via + "\r\n"},
  };
  for (const response_case& row : cases) {
    response_head head;
    ASSERT_FALSE(parse_response(row.in, {}, head)) << row.name;
    std::array<char, 4096> out;
    const auto size = write_response_head(head, row.rules, out);
    ASSERT_TRUE(size) << row.name;
    EXPECT_EQ(std::string(out.data(), *size), row.out) << row.name;
    EXPECT_EQ(write_response_head(head, row.rules, std::span(out).first(*size - 1)).error(),
              errc::no_room);
  }
}

}  // namespace
}  // namespace frpx::http
