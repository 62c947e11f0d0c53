#include "http/service.hpp"

#include <gtest/gtest.h>

#include <boost/asio/redirect_error.hpp>
#include <boost/asio/this_coro.hpp>

#include <algorithm>
#include <map>
#include <stdexcept>

#include "http/service_fixture.hpp"

namespace frpx::http {
namespace {

namespace asio = boost::asio;
using namespace std::chrono_literals;

// Says what was asked.
response echo(const request& asked) {
  response answer;
  answer.content_type = "text/plain";
  answer.body = std::string(asked.head->method) + " " + std::string(asked.head->path) + " " +
                std::string(asked.body);
  return answer;
}

asio::awaitable<response> echoing(request asked) {
  return ready(echo(asked));
}

int status_in(const std::string& answer) {
  return answer.starts_with("HTTP/1.1 ") ? std::stoi(answer.substr(9, 3)) : 0;
}

TEST(service, answers_and_keeps_the_connection) {
  test_service running(echoing);
  test_visitor visitor(running.port());
  for (const char* path : {"/first", "/second"}) {
    visitor.send(get(path));
    const std::string answer = visitor.read_response();
    EXPECT_TRUE(answer.starts_with("HTTP/1.1 200 OK\r\nDate: ")) << answer;
    EXPECT_TRUE(has(answer, " GMT\r\nContent-Type: text/plain\r\nContent-Length: ")) << answer;
    EXPECT_FALSE(has(answer, "Connection:")) << answer;
    EXPECT_EQ(body_of(answer), std::string("GET ") + path + " ");
  }
  EXPECT_TRUE(running.comes_to(1));
}

TEST(service, reads_a_request_however_it_is_split) {
  test_service running(echoing);
  test_visitor visitor(running.port());
  const std::string request = "POST /p HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello";
  for (int round = 0; round < 2; ++round) {
    for (const char byte : request) ASSERT_TRUE(visitor.send({&byte, 1}));
    EXPECT_EQ(body_of(visitor.read_response()), "POST /p hello");
  }
  const std::string chunked =
      "POST /c HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
      "3\r\nabc\r\n2;x=y\r\nde\r\n0\r\nT: v\r\n\r\n";
  for (const char byte : chunked) ASSERT_TRUE(visitor.send({&byte, 1}));
  EXPECT_EQ(body_of(visitor.read_response()), "POST /c abcde");
}

TEST(service, answers_pipelined_requests_in_order) {
  test_service running(echoing);
  test_visitor visitor(running.port());
  constexpr int count = 500;
  std::string requests;
  for (int i = 0; i < count; ++i) {
    const std::string number = std::to_string(i);
    requests += "POST /" + number +
                " HTTP/1.1\r\nHost: a\r\nContent-Length: " + std::to_string(number.size()) +
                "\r\n\r\n" + number;
  }
  visitor.send(requests);
  for (int i = 0; i < count; ++i) {
    const std::string number = std::to_string(i);
    ASSERT_EQ(body_of(visitor.read_response()), "POST /" + number + " " + number);
  }
}

TEST(service, a_visitor_that_pipelines_gets_a_share_of_each_turn) {
  std::map<std::uint32_t, int> answers_in;  // each turn; the worker writes it
  test_service running([&answers_in](const request& asked) {
    ++answers_in[net::loop::current().events().turn()];
    return ready(echo(asked));
  });
  test_visitor visitor(running.port());
  constexpr int count = 500;
  std::string requests;
  for (int i = 0; i < count; ++i) requests += get("/");
  visitor.send(requests);
  for (int i = 0; i < count; ++i) ASSERT_EQ(body_of(visitor.read_response()), "GET / ");
  const auto most = running.call([&] {
    int largest = 0;
    for (const auto& [turn, answers] : answers_in) largest = std::max(largest, answers);
    return largest;
  });
  EXPECT_LE(most, 17);  // with the one that was taken in the turn before
}

TEST(service, a_half_closed_visitor_gets_all_its_answers) {
  test_service running(echoing);
  test_visitor visitor(running.port());
  visitor.send(get("/1") + get("/2"));
  visitor.half_close();
  EXPECT_EQ(body_of(visitor.read_response()), "GET /1 ");
  EXPECT_EQ(body_of(visitor.read_response()), "GET /2 ");
  EXPECT_TRUE(visitor.has_ended());
}

TEST(service, head_gets_the_head_alone) {
  test_service running(echoing);
  test_visitor visitor(running.port());
  visitor.send("HEAD /h HTTP/1.1\r\nHost: a\r\n\r\n" + get("/next"));
  EXPECT_TRUE(has(visitor.read_through("\r\n\r\n"), "Content-Length: 8\r\n"));
  EXPECT_EQ(body_of(visitor.read_response()), "GET /next ");
}

TEST(service, ends_when_the_visitor_says_so) {
  test_service running(echoing);
  for (const std::string& last :
       {get("/", "Connection: close\r\n"), std::string("GET / HTTP/1.0\r\nHost: a\r\n\r\n")}) {
    test_visitor visitor(running.port());
    visitor.send(last);
    EXPECT_TRUE(has(visitor.read_response(), "Connection: close\r\n"));
    EXPECT_TRUE(visitor.has_ended()) << last;
  }
  test_visitor old(running.port());
  for (int i = 0; i < 2; ++i) {
    old.send("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
    EXPECT_TRUE(has(old.read_response(), "Connection: keep-alive\r\n"));
  }
}

TEST(service, refuses_what_is_malformed_and_ends) {
  struct row {
    std::string request;
    int status;
  };
  const std::vector<row> rows = {
      {"nonsense\r\n\r\n", 400},
      {"\x16\x03\x01", 400},
      {"GET / HTTP/1.1\r\n\r\n", 400},
      {"GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n", 400},
      {"GET / HTTP/1.1\nHost: a\n\n", 400},
      {"GET / HTTP/2.0\r\nHost: a\r\n\r\n", 505},
      {"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
       400},
      {"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip\r\n\r\n", 400},
      {"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n", 400},
      {"GET / HTTP/1.1\r\nHost: a\r\nExpect: tea\r\n\r\n", 417},
      {"GET /" + std::string(9000, 'a') + " HTTP/1.1\r\nHost: a\r\n\r\n", 414},
      {get("/", "X: " + std::string(33000, 'a') + "\r\n"), 431},
  };
  ASSERT_FALSE(rows.empty());
  test_service running(echoing);
  for (const row& each : rows) {
    test_visitor visitor(running.port());
    visitor.send(each.request);
    const std::string answer = visitor.read_response();
    EXPECT_EQ(status_in(answer), each.status) << each.request.substr(0, 80);
    EXPECT_TRUE(has(answer, "{\"success\":false,\"data\":null,\"message\":\"")) << answer;
    EXPECT_TRUE(has(answer, "Connection: close\r\n")) << answer;
    EXPECT_TRUE(visitor.has_ended()) << each.request.substr(0, 80);
  }
}

TEST(service, takes_a_body_at_its_limit_and_none_beyond) {
  service_options options;
  options.body_limit = 1000;
  test_service running(echoing, options);
  for (const std::size_t size : {1000u, 1001u}) {
    const std::string body(size, 'b');
    const std::string with_length =
        "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: " + std::to_string(size) + "\r\n\r\n" + body;
    const std::string chunked =
        "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1f4\r\n" +
        body.substr(0, 500) + "\r\n" + (size == 1000 ? "1f4" : "1f5") + "\r\n" + body.substr(500) +
        "\r\n0\r\n\r\n";
    for (const std::string& request : {with_length, chunked}) {
      test_visitor visitor(running.port());
      visitor.send(request);
      const std::string answer = visitor.read_response();
      EXPECT_EQ(status_in(answer), size == 1000 ? 200 : 413) << request.substr(0, 80);
      EXPECT_EQ(has(answer, body), size == 1000);
    }
  }
}

TEST(service, a_visitor_that_sends_too_much_reads_why) {
  test_service running(echoing);
  test_visitor visitor(running.port());
  constexpr std::size_t size = 16 * 1024 * 1024;
  visitor.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: " + std::to_string(size) +
               "\r\n\r\n");
  ASSERT_TRUE(visitor.send(std::string(size, 'b')));
  EXPECT_EQ(status_in(visitor.read_response()), 413);
  EXPECT_TRUE(visitor.has_ended());
  visitor.close();
  EXPECT_TRUE(running.comes_to(0));
}

TEST(service, asks_for_the_body_that_waits_to_be_asked_for) {
  test_service running(echoing);
  test_visitor visitor(running.port());
  visitor.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n");
  EXPECT_EQ(visitor.read_through("\r\n\r\n"), "HTTP/1.1 100 Continue\r\n\r\n");
  visitor.send("hi");
  EXPECT_EQ(body_of(visitor.read_response()), "POST / hi");
  visitor.send(
      "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2000000\r\nExpect: 100-continue\r\n\r\n");
  EXPECT_EQ(status_in(visitor.read_response()), 413);
}

TEST(service, silence_within_a_request_is_told_and_between_two_is_not) {
  service_options options;
  options.request_head = options.body_stall = options.idle = 50ms;
  test_service running(echoing, options);

  test_visitor says_nothing(running.port());
  EXPECT_TRUE(says_nothing.has_ended());

  test_visitor half_a_head(running.port());
  half_a_head.send("GET / HTTP/1.1\r\nHo");
  EXPECT_EQ(status_in(half_a_head.read_response()), 408);
  EXPECT_TRUE(half_a_head.has_ended());

  test_visitor half_a_body(running.port());
  half_a_body.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nab");
  EXPECT_EQ(status_in(half_a_body.read_response()), 408);
  EXPECT_TRUE(half_a_body.has_ended());

  test_visitor no_second(running.port());
  no_second.send(get("/"));
  EXPECT_EQ(status_in(no_second.read_response()), 200);
  EXPECT_TRUE(no_second.has_ended());
}

TEST(service, a_head_that_dribbles_in_is_late_all_the_same) {
  service_options options;
  options.request_head = 100ms;
  test_service running(echoing, options);
  test_visitor visitor(running.port());
  visitor.send("GET / HTTP/1.1\r\nX: ");
  int sent = 0;
  for (; sent < 1000 && !visitor.hears_within(5ms); ++sent) visitor.send("x");
  EXPECT_LT(sent, 1000);
  EXPECT_EQ(status_in(visitor.read_response()), 408);
}

asio::awaitable<response> eight_megabytes(request) {
  response answer;
  answer.body.assign(8 * 1024 * 1024, 'x');
  return ready(std::move(answer));
}

TEST(service, large_answers_arrive_whole) {
  test_service running(eight_megabytes);
  test_visitor visitor(running.port());
  visitor.send(get("/", "Connection: close\r\n"));
  EXPECT_EQ(body_of(visitor.read_to_end()), std::string(8 * 1024 * 1024, 'x'));
  EXPECT_FALSE(visitor.was_reset());
}

TEST(service, a_visitor_that_takes_nothing_is_reset) {
  service_options options;
  options.write_stall = 50ms;
  test_service running(eight_megabytes, options);
  test_visitor visitor(running.port(), 4096);
  visitor.send(get("/"));
  visitor.read_exactly(1);
  EXPECT_TRUE(running.comes_to(0));
  EXPECT_LT(visitor.read_to_end().size(), 8u * 1024 * 1024);
  EXPECT_TRUE(visitor.was_reset());
}

asio::awaitable<response> throwing(request asked) {
  if (asked.head->path == "/good") co_return echo(asked);
  throw std::runtime_error("a fault of ours");
}

TEST(service, a_handler_that_throws_costs_its_own_connection_only) {
  test_service running(throwing);
  test_visitor unlucky(running.port());
  test_visitor other(running.port());
  unlucky.send(get("/bad"));
  const std::string answer = unlucky.read_response();
  EXPECT_EQ(status_in(answer), 500);
  EXPECT_FALSE(has(answer, "a fault of ours"));
  EXPECT_TRUE(unlucky.has_ended());
  other.send(get("/good"));
  EXPECT_EQ(status_in(other.read_response()), 200);
}

TEST(service, connections_are_bounded) {
  service_options options;
  options.most_connections = 2;
  test_service running(echoing, options);
  test_visitor first(running.port());
  test_visitor second(running.port());
  for (test_visitor* each : {&first, &second}) {
    each->send(get("/"));
    EXPECT_EQ(status_in(each->read_response()), 200);
  }
  test_visitor third(running.port());
  third.read_to_end();
  EXPECT_TRUE(third.was_reset());
  second.close();
  EXPECT_TRUE(running.comes_to(1));
  test_visitor fourth(running.port());
  fourth.send(get("/"));
  EXPECT_EQ(status_in(fourth.read_response()), 200);
}

// --- the end -------------------------------------------------------------------------------------

// Handlers that wait until the test opens the gate.
struct gate {
  std::optional<net::wakeup> opened;
  int waiting = 0;
};

asio::awaitable<response> behind(gate* at, request asked) {
  if (asked.head->path != "/wait") co_return echo(asked);
  if (!at->opened) at->opened.emplace(net::loop::current().events());
  ++at->waiting;
  co_await at->opened->wait();
  co_return echo(asked);
}

TEST(service_end, idle_connections_end_and_the_others_behind_their_answer) {
  gate at;
  test_service running([&at](request asked) { return behind(&at, std::move(asked)); });
  test_visitor idle(running.port());
  idle.send(get("/"));
  EXPECT_EQ(status_in(idle.read_response()), 200);
  test_visitor busy(running.port());
  busy.send(get("/wait") + get("/never"));
  EXPECT_TRUE(running.eventually([&] { return at.waiting == 1; }));
  running.drain();
  EXPECT_TRUE(idle.has_ended());
  running.call([&] { return at.opened->ring(), 0; });
  const std::string answer = busy.read_response();
  EXPECT_EQ(body_of(answer), "GET /wait ");
  EXPECT_TRUE(has(answer, "Connection: close\r\n"));
  EXPECT_TRUE(busy.has_ended());
  running.call([&] { return at.opened.reset(), 0; });
}

TEST(service_end, what_outlives_its_patience_is_reset) {
  gate at;
  test_service running([&at](request asked) { return behind(&at, std::move(asked)); });
  test_visitor stuck(running.port());
  stuck.send(get("/wait"));
  EXPECT_TRUE(running.eventually([&] { return at.waiting == 1; }));
  running.stop(20ms);
  EXPECT_EQ(stuck.read_to_end(), "");
  EXPECT_TRUE(stuck.was_reset());
  EXPECT_TRUE(running.comes_to(0));
  running.call([&] { return at.opened.reset(), 0; });
}

}  // namespace
}  // namespace frpx::http
