// Reading along for tokens: whatever the framing and the split, and without changing a byte.
#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "http/forward.hpp"

namespace frpx::http {
namespace {

const std::string body =
    R"({"choices":[{"message":{"content":"hello"}}],"usage":{"prompt_tokens":12,)"
    R"("completion_tokens":34}})";

std::string passed_on(const std::string& answer, std::size_t slice, token_scanner* tokens) {
  request_head request;
  EXPECT_FALSE(parse_request("POST /v1/x HTTP/1.1\r\nHost: h\r\n\r\n", {}, request));
  response_forwarder forwarder;
  forwarder.start(request, true, {}, tokens);
  std::vector<char> room(64 * 1024);
  std::string in;
  std::string out;
  for (std::size_t at = 0; at < answer.size(); at += slice) {
    std::string piece = answer.substr(at, slice);
    if (in.empty()) {
      const std::size_t whole = forwarder.pass(piece);
      out.append(piece, 0, whole);
      piece.erase(0, whole);
    }
    in += piece;
    const auto step = forwarder.forward(in, room, true);
    EXPECT_TRUE(step);
    out.append(room.data(), step->produced);
    in.erase(0, step->consumed);
  }
  const auto end = forwarder.end_of_stream(room);
  EXPECT_TRUE(end);
  out.append(room.data(), end->produced);
  EXPECT_TRUE(forwarder.complete());
  return out;
}

std::string chunked(std::size_t piece) {
  std::string out;
  std::array<char, 256> room;
  for (std::size_t at = 0; at < body.size(); at += piece) {
    out.append(room.data(), write_chunk(std::string_view(body).substr(at, piece), room));
  }
  return out + std::string(last_chunk);
}

TEST(forward_tokens, are_read_in_every_framing_and_change_nothing) {
  const std::string head = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n";
  const std::string answers[] = {
      head + "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body,
      head + "Transfer-Encoding: chunked\r\n\r\n" + chunked(7),
      head + "Transfer-Encoding: chunked\r\n\r\n" + chunked(body.size()),
      head + "\r\n" + body,
      "HTTP/1.1 103 Early Hints\r\nContent-Type: text/event-stream\r\n\r\n" + head + "\r\n" + body,
  };
  for (const std::string& answer : answers) {
    for (const std::size_t slice :
         {std::size_t{1}, std::size_t{2}, std::size_t{13}, answer.size()}) {
      token_scanner tokens;
      EXPECT_EQ(passed_on(answer, slice, &tokens), passed_on(answer, slice, nullptr));
      EXPECT_EQ(tokens.found(), (token_count{12, 34})) << answer << slice;
    }
  }
}

TEST(forward_tokens, are_not_looked_for_elsewhere) {
  const std::string length = "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n";
  const std::string heads[] = {
      "HTTP/1.1 200 OK\r\n" + length,
      "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n" + length,
      "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Encoding: gzip\r\n" + length,
  };
  for (const std::string& head : heads) {
    token_scanner tokens;
    passed_on(head + body, 5, &tokens);
    EXPECT_EQ(tokens.found(), token_count()) << head;
  }
}

}  // namespace
}  // namespace frpx::http
