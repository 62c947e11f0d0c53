// The steady way of a request through the gateway allocates nothing: key, route, both heads, both
// bodies, over real sockets on a worker that the test drives.
#ifndef FRPX_SANITIZED  // the sanitizers have an operator new of their own

#include <gtest/gtest.h>
#include <sys/socket.h>

#include <string>

#include "gateway/gateway.hpp"
#include "identity/api_keys.hpp"
#include "identity/test_store.hpp"
#include "tests/support/allocation_count.hpp"
#include "tests/support/event_loop.hpp"

namespace frpx::gateway {
namespace {

// A client whose local service is in the hands of the test.
class local_session final : public tunnel::session {
 public:
  local_session() : session({.number = 1, .client_id = "client_A"}) {}

  boost::asio::awaitable<result<std::unique_ptr<net::stream>>> open(net::worker& on,
                                                                    tunnel::stream_wish) override {
    ++opened;
    co_return std::make_unique<net::socket>(on.events(), std::move(pair.ours));
  }
  void end(const std::string&) override {}

  test::tcp_pair pair;  // `theirs` is the service
  int opened = 0;
};

class steady_gateway : public testing::Test {
 protected:
  steady_gateway() {
    const identity::new_key made = identity::make_key("n", "", {}, wall_clock::now());
    EXPECT_TRUE(store_.add_key(made.row));
    key_ = made.text.reveal();
    EXPECT_FALSE(clients_.add(client_, {}));
    gateway_.accept(worker(), {std::move(visitor_.ours), {}});
  }
  ~steady_gateway() override {
    gateway_.close_idle_streams();
    worker().tasks().cancel();
    run_until([&] { return worker().tasks().size() == 0; });
  }

  net::worker& worker() { return workers_.home(); }

  template <class Done>
  bool run_until(Done done) {
    const steady_time late = steady_clock::now() + std::chrono::seconds(30);
    while (!done()) {
      if (steady_clock::now() >= late) return false;
      worker().context().run_one_for(std::chrono::milliseconds(1));
    }
    return true;
  }

  // Runs until `size` bytes, or any if 0, have come out of `from`.
  bool receive(const net::unique_fd& from, std::size_t size = 0) {
    std::size_t got = 0;
    return run_until([&] {
      const ssize_t count = ::recv(from.get(), in_.data(), in_.size(), 0);
      if (count > 0) got += static_cast<std::size_t>(count);
      return got != 0 && got >= size;
    });
  }
  bool exchange(const std::string& request, const std::string& answer) {
    const auto send = [](const net::unique_fd& to, const std::string& text) {
      return ::send(to.get(), text.data(), text.size(), 0) == static_cast<ssize_t>(text.size());
    };
    return send(visitor_.theirs, request) && receive(client_->pair.theirs) &&
           send(client_->pair.theirs, answer) && receive(visitor_.theirs, answer.size());
  }
  std::string request(std::string_view line, std::string_view body) const {
    return std::string(line) + " HTTP/1.1\r\nHost: models.example.com\r\nAuthorization: Bearer " +
           key_ + "\r\nUser-Agent: a client with a long name\r\nContent-Length: " +
           std::to_string(body.size()) + "\r\n\r\n" + std::string(body);
  }
  static std::string answer(std::string_view body) {
    return "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: " +
           std::to_string(body.size()) + "\r\n\r\n" + std::string(body);
  }
  void expect_none(const std::string& asked, const std::string& answered) {
    // What is made once and kept: buffers, coroutine frames, the list of streams that are kept.
    for (int i = 0; i < 10; ++i) ASSERT_TRUE(exchange(asked, answered));
    const std::size_t before = test::allocations;
    for (int i = 0; i < 100; ++i) ASSERT_TRUE(exchange(asked, answered));
    EXPECT_EQ(test::allocations - before, 0u) << "in 100 requests";
    EXPECT_EQ(client_->opened, 1) << "the stream was kept";
  }

  identity::test_store store_;
  identity::key_checker keys_{store_, {.valid_for = std::chrono::hours(1)}};
  net::worker_pool workers_{1};
  net::blocking_pool blocking_{1, 16};
  tunnel::registry clients_{workers_, 10};
  std::shared_ptr<local_session> client_ = std::make_shared<local_session>();
  test::tcp_pair visitor_;
  gateway gateway_{workers_, clients_, keys_, blocking_, options{}};
  std::string key_;
  std::string in_ = std::string(64 * 1024, ' ');
};

TEST_F(steady_gateway, a_small_request_allocates_nothing) {
  expect_none(request("GET /v1/models", ""), answer("The quick brown fox ran"));
}

TEST_F(steady_gateway, a_request_with_a_body_and_a_larger_answer_allocates_nothing) {
  expect_none(request("PUT /file", std::string(8000, 'x')), answer(std::string(16'000, 'y')));
}

TEST_F(steady_gateway, a_request_routed_by_its_model_allocates_nothing) {
  const std::string body = R"({"model":"a-model-with-a-long-name","messages":[],"stream":true})";
  expect_none(request("POST /v1/chat/completions", body), answer(R"({"choices":[]})"));
}

}  // namespace
}  // namespace frpx::gateway

#endif
