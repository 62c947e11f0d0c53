#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "http/errc.hpp"
#include "http/forward.hpp"
#include "http/forward_test_support.hpp"

namespace frpx::http {
namespace {

using kind = framing::kind;

struct answer {
  std::string out;   // all bytes for the visitor
  std::string left;  // bytes of the service that were not taken
  error_code error;
  bool complete = false;
  bool upgraded = false;
  bool answered = false;
  bool given = false;
  bool keep_visitor = false;
  bool reusable = false;
  int status = 0;
};

struct exchange {
  std::string request = "GET / HTTP/1.1\r\nHost: h\r\n\r\n";
  bool request_complete = true;
  bool ends = false;  // the service ends its stream behind its bytes
  bool keep = true;
};

answer run(const exchange& x, std::string_view bytes, std::size_t slice, std::size_t room) {
  request_head request;
  EXPECT_FALSE(parse_request(x.request, {}, request)) << x.request;
  const field extra[] = {{"X-Frpx-Client", "c1", field_id::x_frpx_client}};
  response_forwarder forwarder;
  forwarder.start(request, x.keep, extra);
  answer a;
  std::vector<char> out(64 * 1024);
  const auto note = [&](const result<progress>& p) {
    if (!p) {
      a.error = p.error();
      return;
    }
    a.out.append(out.data(), p->produced);
    bytes.remove_prefix(p->consumed);
  };
  std::size_t shown = 0;
  while (!a.error) {
    // In every other slicing, what needs no look is passed without a copy, as the gateway does.
    if (slice % 2 == 0) {
      const std::size_t whole = forwarder.pass(bytes.substr(0, shown));
      a.out.append(bytes.substr(0, whole));
      bytes.remove_prefix(whole);
      shown -= whole;
    }
    // Heads need their room; bodies get little.
    const std::size_t size = forwarder.answered() ? room : out.size();
    const auto p =
        forwarder.forward(bytes.substr(0, shown), std::span(out).first(size), x.request_complete);
    note(p);
    if (!p || p->next == progress::need::none) break;
    shown -= p->consumed;
    if (p->next == progress::need::room) continue;
    if (shown == bytes.size()) break;
    shown = std::min(shown + slice, bytes.size());
  }
  if (x.ends && !a.error) {
    for (result<progress> p = progress{}; p && p->next != progress::need::none;) {
      p = forwarder.end_of_stream(std::span(out).first(room));
      note(p);
    }
  }
  a.left = bytes;
  a.complete = forwarder.complete();
  a.upgraded = forwarder.upgraded();
  a.answered = forwarder.answered();
  a.given = forwarder.given();
  a.keep_visitor = forwarder.keep_visitor();
  a.reusable = forwarder.stream_reusable();
  a.status = forwarder.status();
  return a;
}

enum flag : unsigned { complete = 1, keep = 2, reusable = 4, cut = 8, ended = 16, early = 32 };

struct response_row {
  std::string name;
  exchange x;
  std::string in;
  std::string head;  // for the visitor, without the final empty line
  framing how;       // of the body for the visitor
  std::string payload;
  unsigned flags = complete | keep | reusable;
  std::string left = "";
};

const std::string ok = "HTTP/1.1 200 OK\r\n";
const std::string ours = "Via: 1.1 frpx\r\nX-Frpx-Client: c1\r\n";
const std::string ours_of_1_0 = "Via: 1.0 frpx\r\nX-Frpx-Client: c1\r\n";
const std::string closing = "Connection: close\r\n";
const exchange plain{};
const exchange to_head{.request = "HEAD / HTTP/1.1\r\nHost: h\r\n\r\n"};
const exchange from_1_0{.request = "GET / HTTP/1.0\r\n\r\n"};
const exchange from_1_0_alive{.request = "GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n"};
const exchange ending{.ends = true};

std::vector<response_row> response_rows() {
  const std::string chunked = "Transfer-Encoding: chunked\r\n";
  const std::string five = "Content-Length: 5\r\n";
  const std::string chunks = "2\r\nhe\r\n3;x\r\nllo\r\n0\r\nT: x\r\n\r\n";
  exchange from_1_0_ending = from_1_0;
  from_1_0_ending.ends = true;
  exchange unfinished;
  unfinished.request_complete = false;
  exchange unkept;
  unkept.keep = false;
  exchange says_close{.request = "GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n"};
  return {
      {"length", plain, ok + five + "\r\nhello", ok + five + ours, {kind::length, 5}, "hello"},
      {"length 0",
       plain,
       ok + "Content-Length: 0\r\n\r\n",
       ok + "Content-Length: 0\r\n" + ours,
       {kind::length, 0},
       ""},
      {"bytes behind",
       plain,
       ok + five + "\r\nhelloHTTP",
       ok + five + ours,
       {kind::length, 5},
       "hello",
       complete | keep | reusable,
       "HTTP"},
      {"chunked",
       plain,
       ok + chunked + "\r\n" + chunks,
       ok + chunked + ours,
       {kind::chunked, 0},
       "hello"},
      {"chunked, unfinished",
       plain,
       ok + chunked + "\r\n5\r\nhel",
       ok + chunked + ours,
       {kind::chunked, 0},
       "hel",
       keep},
      {"chunked, ended early",
       ending,
       ok + chunked + "\r\n5\r\nhello\r\n",
       ok + chunked + ours,
       {kind::chunked, 0},
       "hello",
       keep | cut},
      {"length, ended early",
       ending,
       ok + five + "\r\nhel",
       ok + five + ours,
       {kind::length, 5},
       "hel",
       keep | cut},
      {"length, ended behind",
       ending,
       ok + five + "\r\nhello",
       ok + five + ours,
       {kind::length, 5},
       "hello"},
      {"until close",
       ending,
       ok + "\r\nhello",
       ok + chunked + ours,
       {kind::chunked, 0},
       "hello",
       complete | keep},
      {"until close, still open",
       plain,
       ok + "\r\nhello",
       ok + chunked + ours,
       {kind::chunked, 0},
       "hello",
       keep},
      {"until close, nothing",
       ending,
       ok + "\r\n",
       ok + chunked + ours,
       {kind::chunked, 0},
       "",
       complete | keep},
      {"until close to 1.0",
       from_1_0_ending,
       ok + "\r\nhello",
       ok + closing + ours,
       {kind::until_close, 0},
       "hello",
       complete},
      {"until close to 1.0 that would stay",
       {.request = "GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n", .ends = true},
       ok + "\r\nhello",
       ok + closing + ours,
       {kind::until_close, 0},
       "hello",
       complete},
      {"chunked to 1.0",
       from_1_0,
       ok + chunked + "\r\n" + chunks,
       ok + closing + ours,
       {kind::until_close, 0},
       "hello",
       complete | reusable},
      {"length to 1.0",
       from_1_0,
       ok + five + "\r\nhello",
       ok + five + closing + ours,
       {kind::length, 5},
       "hello",
       complete | reusable},
      {"length to 1.0 that stays",
       from_1_0_alive,
       ok + five + "\r\nhello",
       ok + five + "Connection: keep-alive\r\n" + ours,
       {kind::length, 5},
       "hello"},
      {"service closes",
       plain,
       ok + closing + five + "\r\nhello",
       ok + five + ours,
       {kind::length, 5},
       "hello",
       complete | keep},
      {"service of 1.0",
       plain,
       "HTTP/1.0 200 OK\r\n" + five + "\r\nhello",
       ok + five + ours_of_1_0,
       {kind::length, 5},
       "hello",
       complete | keep},
      {"service of 1.0 that stays",
       plain,
       "HTTP/1.0 200 OK\r\nConnection: keep-alive\r\n" + five + "\r\nhello",
       ok + five + ours_of_1_0,
       {kind::length, 5},
       "hello"},
      {"visitor closes",
       says_close,
       ok + five + "\r\nhello",
       ok + five + closing + ours,
       {kind::length, 5},
       "hello",
       complete | reusable},
      {"we close",
       unkept,
       ok + five + "\r\nhello",
       ok + five + closing + ours,
       {kind::length, 5},
       "hello",
       complete | reusable},
      {"HEAD", to_head, ok + five + "\r\n", ok + five + ours, {}, ""},
      {"HEAD, chunked", to_head, ok + chunked + "\r\n", ok + ours, {}, ""},
      {"HEAD, until close", to_head, ok + "\r\n", ok + ours, {}, ""},
      {"204",
       plain,
       "HTTP/1.1 204 No Content\r\n" + five + "\r\nHTTP",
       "HTTP/1.1 204 No Content\r\n" + ours,
       {},
       "",
       complete | keep | reusable,
       "HTTP"},
      {"304",
       plain,
       "HTTP/1.1 304 Not Modified\r\n" + five + "\r\n",
       "HTTP/1.1 304 Not Modified\r\n" + five + ours,
       {},
       ""},
      {"100 and 103",
       plain,
       "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n" + ok + five +
           "\r\nhello",
       "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n" + ok + five +
           ours,
       {kind::length, 5},
       "hello"},
      {"100 not to 1.0",
       from_1_0,
       "HTTP/1.1 100 Continue\r\n\r\n" + ok + five + "\r\nhello",
       ok + five + closing + ours,
       {kind::length, 5},
       "hello",
       complete | reusable},
      {"an error before the request's end",
       unfinished,
       "HTTP/1.1 413 Too Large\r\n" + five + "\r\nhello",
       "HTTP/1.1 413 Too Large\r\n" + five + closing + ours,
       {kind::length, 5},
       "hello",
       complete | reusable},
      {"an answer before the request's end",
       unfinished,
       ok + five + "\r\nhello",
       ok + five + ours,
       {kind::length, 5},
       "hello"},
  };
}

TEST(response_forwarder, passes_responses_in_any_pieces) {
  for (const response_row& row : response_rows()) {
    for (const std::size_t slice : slices) {
      for (const std::size_t room : rooms) {
        SCOPED_TRACE(row.name + ' ' + std::to_string(slice) + ' ' + std::to_string(room));
        const answer a = run(row.x, row.in, slice, room);
        EXPECT_EQ(a.error, (row.flags & cut) != 0 ? make_error_code(errc::cut_short) : error_code())
            << a.error.message();
        const std::string head = row.head + "\r\n";
        ASSERT_EQ(a.out.substr(0, head.size()), head);
        bool whole = false;
        EXPECT_EQ(payload_of(row.how, a.out.substr(head.size()), &whole), row.payload);
        const bool should_be_whole = (row.flags & complete) != 0;
        EXPECT_EQ(a.complete, should_be_whole);
        // What was cut never looks complete; an end of the connection is the shell's to withhold.
        if (row.how.how != kind::until_close) EXPECT_EQ(whole, should_be_whole);
        EXPECT_EQ(a.keep_visitor, (row.flags & keep) != 0);
        EXPECT_EQ(a.reusable, (row.flags & reusable) != 0);
        EXPECT_TRUE(a.answered && a.given);
        EXPECT_FALSE(a.upgraded);
        EXPECT_EQ(a.left, row.left);
      }
    }
  }
}

const exchange websocket{
    .request = "GET / HTTP/1.1\r\nHost: h\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n"};

TEST(response_forwarder, switches_protocols_when_asked) {
  const std::string in =
      "HTTP/1.1 101 Switching Protocols\r\nUpgrade: WebSocket\r\nConnection: Upgrade, X-A\r\n"
      "X-A: 1\r\nSec-WebSocket-Accept: s\r\n\r\nraw";
  for (const std::size_t slice : slices) {
    const answer a = run(websocket, in, slice, 300);
    EXPECT_FALSE(a.error) << a.error.message();
    EXPECT_EQ(a.out,
              "HTTP/1.1 101 Switching Protocols\r\nSec-WebSocket-Accept: s\r\n"
              "Connection: Upgrade\r\nUpgrade: WebSocket\r\n\r\n");
    EXPECT_TRUE(a.upgraded && a.complete && a.answered);
    EXPECT_FALSE(a.reusable || a.keep_visitor);
    EXPECT_EQ(a.status, 101);
    EXPECT_EQ(a.left, "raw");
  }
  const answer refused = run(websocket, "HTTP/1.1 403 No\r\nContent-Length: 0\r\n\r\n", 99, 300);
  EXPECT_TRUE(refused.complete && refused.keep_visitor && refused.reusable);
  EXPECT_FALSE(refused.upgraded);
}

struct rubbish_row {
  std::string name;
  exchange x;
  std::string in;
  errc error;
  bool answered = false;
};

TEST(response_forwarder, rubbish_is_an_error) {
  std::string interims;
  for (int i = 0; i < response_forwarder::most_interim; ++i) {
    interims += "HTTP/1.1 102 Processing\r\n\r\n";
  }
  EXPECT_TRUE(run(plain, interims + ok + "Content-Length: 0\r\n\r\n", 100000, 300).complete);
  const std::string upgrade = "HTTP/1.1 101 X\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n";
  const std::vector<rubbish_row> cases = {
      {"nothing", ending, "", errc::cut_short},
      {"half a head", ending, ok + "Content-", errc::cut_short},
      {"an interim response alone", ending, "HTTP/1.1 100 Continue\r\n\r\n", errc::cut_short},
      {"no HTTP", plain, "hello", errc::bad_status_line},
      {"bare LF", plain, "HTTP/1.1 200 OK\n", errc::bare_line_feed},
      {"smuggled", plain, ok + "Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
       errc::length_and_chunked},
      {"endless head", plain, ok + "X: " + std::string(40000, 'x'), errc::head_too_large},
      {"too many interim", plain, interims + "HTTP/1.1 100 Continue\r\n\r\n",
       errc::too_many_interim},
      {"unasked upgrade", plain, upgrade, errc::unasked_upgrade},
      {"another upgrade", websocket,
       "HTTP/1.1 101 X\r\nConnection: upgrade\r\nUpgrade: h2c\r\n\r\n", errc::unasked_upgrade},
      {"upgrade to nothing", websocket, "HTTP/1.1 101 X\r\n\r\n", errc::unasked_upgrade},
      {"bad chunk", plain, ok + "Transfer-Encoding: chunked\r\n\r\nx\r\n", errc::bad_chunk, true},
  };
  for (const rubbish_row& row : cases) {
    for (const std::size_t slice : slices) {
      const answer a = run(row.x, row.in, slice, 300);
      EXPECT_EQ(a.error, row.error) << row.name << ' ' << a.error.message();
      EXPECT_EQ(a.answered, row.answered) << row.name;
      EXPECT_FALSE(a.complete || a.reusable) << row.name;
    }
  }
}

TEST(response_forwarder, needs_room_for_its_head) {
  request_head request;
  ASSERT_FALSE(parse_request(plain.request, {}, request));
  response_forwarder forwarder;
  forwarder.start(request, true);
  const std::string in =
      "HTTP/1.1 103 Hints\r\nLink: x\r\n\r\n" + ok + "Content-Length: 2\r\n\r\nhi";
  std::string got;
  std::string_view rest = in;
  std::vector<char> out(60);  // one head fits, two do not
  for (int step = 0; step < 10 && !forwarder.complete(); ++step) {
    const auto p = forwarder.forward(rest, out, true);
    ASSERT_TRUE(p);
    ASSERT_GT(p->produced, 0u);
    got.append(out.data(), p->produced);
    rest.remove_prefix(p->consumed);
  }
  std::string with_via = in;
  with_via.insert(with_via.rfind("\r\nhi"), "Via: 1.1 frpx\r\n");
  EXPECT_EQ(got, with_via);
  forwarder.start(request, true);
  const auto p = forwarder.forward(in, std::span(out).first(10), true);
  ASSERT_TRUE(p);
  EXPECT_EQ(p->next, progress::need::room);
  EXPECT_EQ(p->consumed, 0u);
  EXPECT_FALSE(forwarder.given());
}

TEST(response_forwarder, starts_anew_for_each_exchange) {
  request_head request;
  ASSERT_FALSE(parse_request(plain.request, {}, request));
  response_forwarder forwarder;
  std::vector<char> out(64 * 1024);
  for (int i = 0; i < 3; ++i) {
    forwarder.start(request, true);
    EXPECT_FALSE(forwarder.complete() || forwarder.answered() || forwarder.given());
    const auto p = forwarder.forward(ok + "Content-Length: 5\r\n\r\nhello", out, true);
    ASSERT_TRUE(p);
    EXPECT_EQ(p->next, progress::need::none);
    EXPECT_EQ(forwarder.body_size(), 5u);
  }
}

// --- answers by which a service says that it does not serve now

struct not_now {
  std::string request = "GET / HTTP/1.1\r\nHost: h\r\n\r\n";
  std::string answer;
  bool withheld = false;
  std::optional<std::chrono::seconds> retry_after = std::nullopt;
};

std::vector<not_now> not_now_cases() {
  using std::chrono::seconds;
  const std::string get = "GET / HTTP/1.1\r\nHost: h\r\n\r\n";
  const std::string get_1_0 = "GET / HTTP/1.0\r\n\r\n";
  const std::string busy = "HTTP/1.1 503 Busy\r\nContent-Length: 4\r\n";
  return {
      {get, busy + "\r\nbusy", true},
      {get, busy + "Retry-After: 7\r\n\r\nbusy", true, seconds(7)},
      {get, busy + "retry-after: 0\r\n\r\nbusy", true, seconds(0)},
      {get, busy + "Retry-After: Wed, 21 Oct 2026 07:28:00 GMT\r\n\r\nbusy", true},
      {get, busy + "Retry-After: 99999999999999999999\r\n\r\nbusy", true},
      {get, "HTTP/1.1 429 Slowly\r\nRetry-After: 1\r\nContent-Length: 0\r\n\r\n", true, seconds(1)},
      {"HEAD / HTTP/1.1\r\nHost: h\r\n\r\n", busy + "\r\n", true},
      {get, "HTTP/1.1 500 Broken\r\nContent-Length: 0\r\n\r\n", false},
      {get, "HTTP/1.1 200 OK\r\nRetry-After: 3\r\nContent-Length: 0\r\n\r\n", false},
      // Something was given before it. To HTTP/1.0 nothing was.
      {get, "HTTP/1.1 103 Early\r\n\r\n" + busy + "\r\nbusy", false},
      {get_1_0, "HTTP/1.1 103 Early\r\n\r\n" + busy + "\r\nbusy", true},
  };
}

TEST(response_forwarder, withholds_an_answer_that_says_not_now) {
  for (const not_now& each : not_now_cases()) {
    for (const std::size_t slice : {1u, 3u, 1000u}) {
      request_head request;
      ASSERT_FALSE(parse_request(each.request, {}, request));
      response_forwarder forwarder;
      forwarder.start(request, true, {}, nullptr, true);
      std::string_view bytes = each.answer;
      std::string out(64 * 1024, ' ');
      std::string got;
      std::size_t shown = 0;
      const auto step = [&] {
        const auto p = forwarder.forward(bytes.substr(0, shown), out, true);
        if (!p) return false;
        got.append(out.data(), p->produced);
        bytes.remove_prefix(p->consumed);
        shown -= p->consumed;
        return true;
      };
      const auto run = [&] {
        do {
          shown = std::min(shown + slice, bytes.size());
          if (!step()) return false;
        } while (!forwarder.withheld() && !forwarder.complete() && shown < bytes.size());
        return true;
      };
      ASSERT_TRUE(run()) << each.answer;
      EXPECT_EQ(forwarder.withheld(), each.withheld) << each.answer;
      if (each.withheld) {
        EXPECT_EQ(got, "") << each.answer;
        EXPECT_FALSE(forwarder.answered() || forwarder.given() || forwarder.complete());
        EXPECT_EQ(forwarder.retry_after(), each.retry_after) << each.answer;
        EXPECT_EQ(forwarder.pass(bytes), 0u);
        EXPECT_EQ(forwarder.unseen(), 0u);
        EXPECT_TRUE(bytes.starts_with("HTTP/1.1 503") || bytes.starts_with("HTTP/1.1 429"));
        ASSERT_TRUE(step());
        EXPECT_EQ(got, "") << "nothing until it is released";
        forwarder.release();
        ASSERT_TRUE(run()) << each.answer;
      }
      // Then it is as any other answer.
      EXPECT_TRUE(forwarder.complete()) << each.answer;
      response_forwarder other;
      other.start(request, true);
      std::string all(64 * 1024, ' ');
      const auto whole = other.forward(each.answer, all, true);
      ASSERT_TRUE(whole);
      EXPECT_EQ(got, all.substr(0, whole->produced)) << each.answer;
      EXPECT_FALSE(other.withheld());
    }
  }
}

}  // namespace
}  // namespace frpx::http
