// The steady way of a request through the gateway allocates nothing: key, route, both heads, both
// bodies, over real sockets on a worker of its own thread (what Asio keeps between coroutines it
// keeps per thread and run).
#ifndef FRPX_SANITIZED  // the sanitizers have an operator new of their own

#include <gtest/gtest.h>
#include <poll.h>
#include <sys/socket.h>

#include <atomic>
#include <future>
#include <string>
#include <thread>
#include <vector>

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
    co_return std::make_unique<net::socket>(on.events(), std::move(services.at(opened++).ours));
  }
  void end(const std::string&) override {}

  std::vector<test::tcp_pair> services;  // one for each stream; `theirs` is in the test's hands
  std::atomic<std::size_t> opened{0};
};

class steady_gateway : public testing::Test {
 protected:
  steady_gateway() {
    const identity::new_key made = identity::make_key("n", "", {}, wall_clock::now());
    EXPECT_TRUE(store_.add_key(made.row));
    key_ = made.text.reveal();
    EXPECT_FALSE(clients_.add(client_, {}));
    workers_.start();
  }
  ~steady_gateway() override {
    gateway_.close_idle_streams();
    worker().post([this] { worker().tasks().cancel(); });
    const bool over = wait_until([this] {
      std::promise<bool> empty;
      worker().post([&] { empty.set_value(worker().tasks().size() == 0); });
      return empty.get_future().get();
    });
    EXPECT_TRUE(over);
    workers_.stop();
  }

  net::worker& worker() { return workers_.home(); }

  template <class Done>
  static bool wait_until(Done done) {
    const steady_time late = steady_clock::now() + std::chrono::seconds(30);
    while (!done()) {
      if (steady_clock::now() >= late) return false;
      std::this_thread::yield();
    }
    return true;
  }

  void add_visitors(std::size_t count) {
    client_->services = std::vector<test::tcp_pair>(count);
    visitors_ = std::vector<test::tcp_pair>(count);
    for (const auto* all : {&client_->services, &visitors_}) {
      for (const test::tcp_pair& each : *all) ends_.push_back({each.theirs.get(), POLLIN, 0});
    }
    for (test::tcp_pair& each : visitors_) {
      worker().post([this, fd = std::move(each.ours)]() mutable {
        gateway_.accept(worker(), {std::move(fd), {}});
      });
    }
  }
  static bool send(const net::unique_fd& to, const std::string& text) {
    return ::send(to.get(), text.data(), text.size(), 0) == static_cast<ssize_t>(text.size());
  }
  std::string_view receive(const net::unique_fd& from) {
    const ssize_t size = ::recv(from.get(), in_.data(), in_.size(), 0);
    return std::string_view(in_).substr(0, size > 0 ? static_cast<std::size_t>(size) : 0);
  }
  // Every visitor asks at once. A service answers when it has seen the request's last four bytes.
  bool exchange(const std::string& request, const std::string& answer) {
    for (const test::tcp_pair& each : visitors_) {
      if (!send(each.theirs, request)) return false;
    }
    const std::string_view last = std::string_view(request).substr(request.size() - 4);
    std::size_t answered = 0;
    std::size_t got = 0;
    return wait_until([&] {
      ::poll(ends_.data(), ends_.size(), 100);
      for (const test::tcp_pair& each : client_->services) {
        if (receive(each.theirs).ends_with(last) && send(each.theirs, answer)) ++answered;
      }
      for (const test::tcp_pair& each : visitors_) got += receive(each.theirs).size();
      return answered == visitors_.size() && got >= answered * answer.size();
    });
  }
  std::string request(std::string_view line, std::string_view body) const {
    return std::string(line) + " HTTP/1.1\r\nHost: models.example.com\r\nAuthorization: Bearer " +
           key_ + "\r\nUser-Agent: a client with a long name\r\nContent-Length: " +
           std::to_string(body.size()) + "\r\n\r\n" + std::string(body);
  }
  void limit(const store::key_change& change) {
    EXPECT_TRUE(store_.change_key("n", change));
    EXPECT_TRUE(keys_.refresh());
  }
  static std::string answer(std::string_view body) {
    return "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: " +
           std::to_string(body.size()) + "\r\n\r\n" + std::string(body);
  }
  void expect_none(const std::string& asked, const std::string& answered,
                   std::size_t visitors = 1) {
    add_visitors(visitors);
    // What is made once and kept: buffers, coroutine frames, the list of streams that are kept.
    for (int i = 0; i < 20; ++i) ASSERT_TRUE(exchange(asked, answered));
    // A worker's clock may allocate as it ticks, but not all the time: a hundred rounds go by
    // without. Frames of more coroutines than Asio keeps for a thread come from the heap: so with
    // many visitors at the very same time only what is ours is counted.
    const auto so_far = [&] {
      return test::allocations + (visitors == 1 ? test::new_frames.load() : 0);
    };
    std::size_t fewest = so_far();
    for (int batch = 0; batch < 20 && fewest > 0; ++batch) {
      const std::size_t before = so_far();
      for (int i = 0; i < 100; ++i) ASSERT_TRUE(exchange(asked, answered));
      fewest = std::min(fewest, so_far() - before);
    }
    EXPECT_EQ(fewest, 0U) << "in a hundred rounds";
    EXPECT_EQ(client_->opened, visitors) << "streams were kept";
  }

  identity::test_store store_;
  identity::key_checker keys_{store_, {.valid_for = std::chrono::hours(1)}};
  net::worker_pool workers_{1};
  net::blocking_pool blocking_{1, 16};
  tunnel::registry clients_{workers_, 10};
  std::shared_ptr<local_session> client_ = std::make_shared<local_session>();
  std::vector<test::tcp_pair> visitors_;
  std::vector<pollfd> ends_;  // those of services and visitors that the test holds
  gateway gateway_{workers_, clients_, keys_, blocking_, options{}};
  std::string key_;
  std::string in_ = std::string(64 * 1024, ' ');
};

TEST_F(steady_gateway, a_small_request_allocates_nothing) {
  expect_none(request("GET /v1/models", ""), answer("The quick brown fox ran"));
}

TEST_F(steady_gateway, a_request_with_a_body_and_a_larger_answer_allocates_nothing) {
  expect_none(request("PUT /file", std::string(8000, 'x') + "#end"),
              answer(std::string(16'000, 'y')));
}

TEST_F(steady_gateway, a_request_routed_by_its_model_allocates_nothing) {
  const std::string body = R"({"model":"a-model-with-a-long-name","messages":[],"stream":true})";
  expect_none(request("POST /v1/chat/completions", body), answer(R"({"choices":[]})"));
}

TEST_F(steady_gateway, a_key_with_limits_allocates_nothing) {
  limit({.per_minute = 100'000,
         .at_once = 10,
         .models = std::vector<std::string>{"a-model-with-a-long-name"},
         .clients = std::vector<std::string>{"client_A"}});
  const std::string body = R"({"model":"a-model-with-a-long-name","messages":[],"stream":true})";
  expect_none(request("POST /v1/chat/completions", body),
              answer(R"({"choices":[],"usage":{"prompt_tokens":1,"completion_tokens":2}})"));
}

TEST_F(steady_gateway, many_visitors_at_once_allocate_nothing) {
  expect_none(request("GET /v1/models", ""), answer("The quick brown fox ran"), 64);
}

}  // namespace
}  // namespace frpx::gateway

#endif
