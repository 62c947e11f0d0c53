// A visitor that sends its requests faster than they can be answered.
#include <gtest/gtest.h>
#include <sys/socket.h>

#include <future>
#include <string>

#include "gateway/gateway.hpp"
#include "identity/api_keys.hpp"
#include "identity/test_store.hpp"
#include "tests/support/event_loop.hpp"

namespace frpx::gateway {
namespace {

class pipelining : public testing::Test {
 protected:
  template <class F>
  auto at_home(F f) {
    std::promise<decltype(f())> done;
    home().post([&] { done.set_value(f()); });
    return done.get_future().get();
  }

  pipelining() {
    const identity::new_key made = identity::make_key("n", "", {}, wall_clock::now());
    EXPECT_TRUE(store_.add_key(made.row));
    key_ = made.text.reveal();
    workers_.start();
    home().post([this] { gateway_.accept(home(), {std::move(visitor_.ours), {}, {}}); });
  }
  ~pipelining() override {
    visitor_.theirs.reset();
    const steady_time late = steady_clock::now() + std::chrono::seconds(30);
    while (at_home([this] { return home().tasks().size(); }) != 0 && steady_clock::now() < late) {
    }
    workers_.stop();
  }

  net::worker& home() { return workers_.home(); }
  std::uint32_t turn() {
    return at_home([this] { return home().events().turn(); });
  }
  // Without a client to ask, the gateway answers by itself, at once.
  std::size_t read_answers(std::size_t count) {
    std::size_t seen = 0;
    std::string text;
    char piece[4096];
    while (seen < count) {
      const ssize_t size = ::recv(visitor_.theirs.get(), piece, sizeof piece, 0);
      if (size <= 0) break;
      text.append(piece, static_cast<std::size_t>(size));
      for (std::size_t at; (at = text.find("HTTP/1.1 503")) != std::string::npos; ++seen) {
        text.erase(0, at + 12);
      }
    }
    return seen;
  }

  identity::test_store store_;
  identity::key_checker keys_{store_, {.valid_for = std::chrono::hours(1)}};
  net::worker_pool workers_{1};
  net::blocking_pool blocking_{1, 16};
  tunnel::registry clients_{workers_, 10};
  gateway gateway_{workers_, clients_, keys_, blocking_, options{}};
  test::tcp_pair visitor_;
  std::string key_;
};

TEST_F(pipelining, gives_a_visitor_a_share_of_each_turn) {
  constexpr std::size_t count = 1600;
  const std::string one = "GET / HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer " + key_ + "\r\n\r\n";
  std::string all;
  for (std::size_t i = 0; i < count; ++i) all += one;
  ::fcntl(visitor_.theirs.get(), F_SETFL, 0);  // blocking
  const std::uint32_t before = turn();
  std::promise<std::size_t> answered;
  std::thread reader([&] { answered.set_value(read_answers(count)); });
  EXPECT_EQ(::send(visitor_.theirs.get(), all.data(), all.size(), 0),
            static_cast<ssize_t>(all.size()));
  EXPECT_EQ(answered.get_future().get(), count);
  reader.join();
  EXPECT_GE(turn() - before, count / 16);
}

}  // namespace
}  // namespace frpx::gateway
