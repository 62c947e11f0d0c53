#include "gateway/service_streams.hpp"

#include <gtest/gtest.h>

#include "tests/support/event_loop.hpp"

namespace frpx::gateway {
namespace {

using namespace std::chrono_literals;

class service_streams_test : public testing::Test {
 protected:
  std::unique_ptr<service_streams::kept> make(service_streams& home, std::uint64_t session,
                                              test::tcp_pair& pair) {
    return std::make_unique<service_streams::kept>(home, session, pair.take_ours(loop_));
  }

  enum class end { none, clean, reset };
  // How the service's side sees its connection.
  static end hears(const test::tcp_pair& pair) {
    char byte;
    const ssize_t got = ::recv(pair.theirs.get(), &byte, 1, 0);
    if (got < 0 && errno == EAGAIN) return end::none;
    return got == 0 ? end::clean : end::reset;
  }

  test::event_loop loop_;
  service_streams streams_{loop_.worker(), 10s};
};

TEST_F(service_streams_test, gives_back_the_one_used_last) {
  test::tcp_pair a;
  test::tcp_pair b;
  auto first = make(streams_, 1, a);
  auto second = make(streams_, 1, b);
  net::stream* const newest = &**second;
  EXPECT_FALSE(second->used());
  streams_.give(std::move(first));
  streams_.give(std::move(second));
  EXPECT_EQ(streams_.take(2), nullptr) << "another session's";
  const auto taken = streams_.take(1);
  ASSERT_NE(taken, nullptr);
  EXPECT_EQ(&**taken, newest);
  EXPECT_TRUE(taken->used());
  EXPECT_EQ(streams_.size(), 1U);
}

TEST_F(service_streams_test, drops_one_that_the_service_closed_or_that_speaks_unasked) {
  test::tcp_pair closed;
  test::tcp_pair speaks;
  test::tcp_pair reset;
  streams_.give(make(streams_, 1, closed));
  streams_.give(make(streams_, 1, speaks));
  streams_.give(make(streams_, 1, reset));
  loop_.settle();
  EXPECT_EQ(streams_.size(), 3U);
  closed.theirs.reset();
  ASSERT_EQ(::send(speaks.theirs.get(), "x", 1, 0), 1);
  reset.reset_theirs();
  EXPECT_TRUE(loop_.run_until([&] { return streams_.size() == 0; }));
}

TEST_F(service_streams_test, never_gives_one_whose_end_was_not_told_yet) {
  test::tcp_pair pair;
  streams_.give(make(streams_, 1, pair));
  pair.theirs.reset();  // and the loop has not run since
  EXPECT_EQ(streams_.take(1), nullptr);
}

TEST_F(service_streams_test, ends_one_in_order_that_waits_too_long) {
  service_streams short_lived(loop_.worker(), 1ms, 60s);
  test::tcp_pair pair;
  short_lived.give(make(short_lived, 1, pair));
  ASSERT_TRUE(loop_.run_until([&] { return short_lived.size() == 0; }));
  EXPECT_EQ(hears(pair), end::clean);
  EXPECT_EQ(short_lived.ending(), 1U);
  ASSERT_EQ(::send(pair.theirs.get(), "bye", 3, 0), 3);
  ::shutdown(pair.theirs.get(), SHUT_WR);
  EXPECT_TRUE(loop_.run_until([&] { return short_lived.ending() == 0; }));
  EXPECT_EQ(hears(pair), end::clean) << "what it said when it left deserves no reset";
}

TEST_F(service_streams_test, resets_one_that_does_not_take_its_leave) {
  service_streams short_lived(loop_.worker(), 1ms, 1ms);
  test::tcp_pair pair;
  short_lived.give(make(short_lived, 1, pair));
  ASSERT_TRUE(loop_.run_until([&] { return short_lived.size() + short_lived.ending() == 0; }));
  EXPECT_TRUE(loop_.run_until([&] { return hears(pair) != end::none; }));
}

TEST_F(service_streams_test, ends_those_of_a_session_in_order) {
  test::tcp_pair one;
  test::tcp_pair other;
  streams_.give(make(streams_, 1, one));
  streams_.give(make(streams_, 2, other));
  streams_.clear(1);
  EXPECT_EQ(hears(one), end::clean);
  EXPECT_EQ(hears(other), end::none);
  streams_.clear();
  EXPECT_EQ(hears(other), end::clean);
  EXPECT_EQ(streams_.ending(), 2U);
}

TEST_F(service_streams_test, keeps_so_many_of_a_session_and_drops_them_with_it) {
  std::vector<test::tcp_pair> pairs(service_streams::most_per_session + 1);
  for (auto& pair : pairs) streams_.give(make(streams_, 1, pair));
  EXPECT_EQ(streams_.size(), service_streams::most_per_session);
  test::tcp_pair other;
  streams_.give(make(streams_, 2, other));
  streams_.clear(1);
  EXPECT_EQ(streams_.size(), 1U);
  EXPECT_NE(streams_.take(2), nullptr);
}

}  // namespace
}  // namespace frpx::gateway
