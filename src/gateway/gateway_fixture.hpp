// A gateway whose worker, key store, client and downstreams are in the hands of a test.
#pragma once

#include <gtest/gtest.h>
#include <linux/sockios.h>
#include <sys/ioctl.h>

#include <atomic>
#include <deque>
#include <future>
#include <optional>
#include <string>

#include "gateway/gateway.hpp"
#include "identity/api_keys.hpp"
#include "identity/test_store.hpp"
#include "tests/support/event_loop.hpp"

namespace frpx::gateway {

// A client whose local service is in the hands of the test, as is whether a stream is opened.
class test_session final : public tunnel::session {
 public:
  explicit test_session(std::uint32_t most_in_flight)
      : session({.number = 1, .client_id = "a", .most_in_flight = most_in_flight}) {}

  boost::asio::awaitable<result<std::unique_ptr<net::stream>>> open(net::worker& on,
                                                                    tunnel::stream_wish) override {
    ++asked;
    while (holds_back) co_await net::pause(std::chrono::milliseconds(1));
    services.emplace_back();
    co_return std::make_unique<net::socket>(on.events(), std::move(services.back().ours));
  }
  void end(const std::string&) override {}
  std::unique_ptr<tunnel::life_sign> ask_for_sign(net::worker&, net::wakeup& bell) override {
    ++asked_for_signs;
    if (!can_be_asked) return nullptr;
    asker = &bell;
    return std::make_unique<sign>(*this);
  }
  struct sign final : tunnel::life_sign {
    explicit sign(test_session& by) : of(by) {}
    ~sign() override { of.asker = nullptr; }
    bool came() const override { return of.gives_signs; }
    test_session& of;
  };

  bool can_be_asked = true;
  bool gives_signs = false;
  int asked_for_signs = 0;
  net::wakeup* asker = nullptr;
  bool holds_back = false;
  int asked = 0;
  std::deque<test::tcp_pair> services;  // one for each stream; `theirs` is the service's end
};

/// Everything happens on one worker that the test turns; only the key store has a thread of its
/// own. Deadlines are hours, so nothing ends by itself.
class gateway_fixture : public testing::Test {
 protected:
  ~gateway_fixture() override {
    answer_keys();
    stop_worker();
    EXPECT_TRUE(run_until([&] { return worker().tasks().size() == 0; }));
  }

  net::worker& worker() { return workers_.home(); }
  void settle() {
    while (worker().loop().turn(steady_time())) {
    }
  }
  template <class Done>
  bool run_until(Done done) {
    const steady_time late = steady_clock::now() + std::chrono::seconds(30);
    while (!done()) {
      if (steady_clock::now() >= late) return false;
      worker().loop().turn(steady_clock::now() + std::chrono::milliseconds(1));
    }
    return true;
  }
  void stop_worker() {
    worker().loop().post([this] { worker().tasks().cancel(); });
    settle();
  }

  // --- the house ---

  // Deadlines that never come.
  static options patient() {
    options how;
    how.request_head = how.body_stall = how.stream = how.stream_total = how.confirmation =
        how.response_head = how.response_stall = how.idle_visitor = how.key_check =
            how.longest_wait = std::chrono::hours(1);
    return how;
  }
  void start(std::uint32_t most_in_flight = 0, const options& how = patient()) {
    const identity::new_key made = identity::make_key("n", "", {}, wall_clock::now());
    key_ = made.text.reveal();
    ASSERT_TRUE(store_.add_key(made.row));
    ASSERT_TRUE(store_.change_key("n", {.at_once = 2}));
    gateway_.emplace(workers_, clients_, keys_, blocking_, how);
    client_ = std::make_shared<test_session>(most_in_flight);
    for (int i = 0; i < 4000; ++i) {
      client_->models.push_back({.id = std::to_string(i) + std::string(200, 'm')});
    }
    ASSERT_FALSE(clients_.add(client_, {}));
    settle();
  }
  void know_key() { EXPECT_TRUE(keys_.check(key_, steady_clock::now()).is_valid()); }
  // Questions to the store have no answer until answer_keys().
  void hold_keys() {
    store_.after_key_answer = [this] {
      ++key_questions_;
      keys_answered_.wait();
    };
  }
  void answer_keys() {
    if (std::exchange(keys_are_answered_, true)) return;
    key_answers_.set_value();
  }

  // --- the downstream ---

  net::unique_fd connect() {
    test::tcp_pair pair;
    const int small = 4096;  // so that an answer of our own can be too large
    ::setsockopt(pair.theirs.get(), SOL_SOCKET, SO_RCVBUF, &small, sizeof small);
    ::setsockopt(pair.ours.get(), SOL_SOCKET, SO_SNDBUF, &small, sizeof small);
    gateway_->accept(worker(), {std::move(pair.ours), {}});
    return std::move(pair.theirs);
  }
  void send(const net::unique_fd& by, const std::string& text) {
    ASSERT_EQ(::send(by.get(), text.data(), text.size(), MSG_NOSIGNAL),
              static_cast<ssize_t>(text.size()));
    const auto arrived = [&] {
      int unacknowledged = 0;
      return ::ioctl(by.get(), SIOCOUTQ, &unacknowledged) == 0 && unacknowledged == 0;
    };
    EXPECT_TRUE(run_until(arrived));
    settle();
  }
  std::string request(const std::string& line, const std::string& fields = {}) const {
    return line + " HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer " + key_ + "\r\n" + fields +
           "\r\n";
  }
  // Everything that comes until the other side ends; "reset" is appended if it does so with one.
  std::string read_to_end(const net::unique_fd& of) {
    std::string text;
    bool over = false;
    EXPECT_TRUE(run_until([&] {
      char piece[4096];
      const ssize_t size = ::recv(of.get(), piece, sizeof piece, MSG_DONTWAIT);
      if (size > 0) text.append(piece, static_cast<std::size_t>(size));
      over = size == 0 || (size < 0 && errno != EAGAIN);
      if (size < 0 && errno == ECONNRESET) text += "reset";
      return over;
    }));
    return text;
  }
  // Waits until `part` has come, and takes what came.
  std::string read(const net::unique_fd& of, const std::string& part) {
    std::string text;
    EXPECT_TRUE(run_until([&] {
      char piece[4096];
      const ssize_t size = ::recv(of.get(), piece, sizeof piece, MSG_DONTWAIT);
      if (size > 0) text.append(piece, static_cast<std::size_t>(size));
      return text.find(part) != text.npos;
    })) << text;
    return text;
  }
  static void end(const net::unique_fd& by) { ASSERT_EQ(::shutdown(by.get(), SHUT_WR), 0); }
  static void reset(net::unique_fd& by) {
    const linger at_once{1, 0};
    ::setsockopt(by.get(), SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
    by.reset();
  }
  const net::unique_fd& service() { return client_->services.back().theirs; }

  identity::test_store store_;
  std::promise<void> key_answers_;
  std::shared_future<void> keys_answered_{key_answers_.get_future()};
  bool keys_are_answered_ = false;
  std::atomic<int> key_questions_{0};
  identity::key_checker keys_{store_, {.valid_for = std::chrono::hours(1)}};
  net::worker_pool workers_{1};
  net::blocking_pool blocking_{1, 16};
  tunnel::registry clients_{workers_, 10};
  std::shared_ptr<test_session> client_;
  std::optional<gateway> gateway_;
  std::string key_;
};

}  // namespace frpx::gateway
