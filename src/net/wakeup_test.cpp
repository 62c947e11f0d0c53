#include "net/wakeup.hpp"

#include <gtest/gtest.h>

#include "net/task_group.hpp"
#include "tests/support/event_loop.hpp"
#include "tests/support/memory_stream.hpp"

namespace frpx::net {
namespace {

namespace asio = boost::asio;
using std::chrono::hours;
using std::chrono::milliseconds;

// Counts its wake-ups until it is cancelled.
asio::awaitable<void> count_wakes(wakeup& bell, int& wakes, bool& cancelled) {
  try {
    for (;;) {
      co_await bell.wait();
      ++wakes;
    }
  } catch (const boost::system::system_error& error) {
    cancelled = error.code() == asio::error::operation_aborted;
    throw;
  }
}

class wakeup_test : public testing::Test {
 protected:
  ~wakeup_test() override {
    group_.cancel();
    loop_.settle();
  }
  void start() {
    group_.spawn(count_wakes(bell_, wakes_, cancelled_));
    loop_.settle();
  }

  test::event_loop loop_;
  task_group group_{loop_->loop()};
  wakeup bell_{loop_->events()};
  int wakes_ = 0;
  bool cancelled_ = false;
};

TEST_F(wakeup_test, a_ring_wakes_once) {
  start();
  EXPECT_EQ(wakes_, 0);
  bell_.ring();
  bell_.ring();
  EXPECT_EQ(wakes_, 0) << "never from inside the ring";
  loop_.settle();
  EXPECT_EQ(wakes_, 1);
}

TEST_F(wakeup_test, a_ring_before_the_wait_is_kept_once) {
  bell_.ring();
  bell_.ring();
  start();
  EXPECT_EQ(wakes_, 1);
}

asio::awaitable<void> step_aside(int times, int& steps) {
  for (; times > 0; --times, ++steps) co_await let_others_run();
}

TEST_F(wakeup_test, who_steps_aside_lets_the_others_run_first) {
  int steps = 0;
  start();
  group_.spawn(step_aside(1000, steps));
  while (wakes_ < 10) {
    const int before = wakes_;
    bell_.ring();
    ASSERT_TRUE(loop_->loop().turn(steady_time()));
    ASSERT_TRUE(loop_->loop().turn(steady_time()));
    ASSERT_GT(wakes_, before);
  }
  EXPECT_LT(steps, 1000) << "and does not take all the turns";
  loop_.settle();
  EXPECT_EQ(steps, 1000);
}

asio::awaitable<void> wait_for(milliseconds span, bool& over) {
  co_await pause(span);
  over = true;
}

TEST_F(wakeup_test, a_pause_ends_after_its_time_and_with_its_coroutine) {
  bool over = false;
  bool never = false;
  const steady_time began = steady_clock::now();
  group_.spawn(wait_for(milliseconds(20), over));
  group_.spawn(wait_for(std::chrono::hours(1), never));
  ASSERT_TRUE(loop_.run_until([&] { return over; }));
  EXPECT_GE(steady_clock::now() - began, milliseconds(20));
  group_.cancel();
  loop_.settle();
  EXPECT_EQ(group_.size(), 0u);
  EXPECT_FALSE(never);
}

TEST_F(wakeup_test, cancelling_ends_the_wait) {
  start();
  group_.cancel();
  loop_.settle();
  EXPECT_TRUE(cancelled_);
  EXPECT_EQ(group_.size(), 0u);
  EXPECT_EQ(wakes_, 0);
}

TEST_F(wakeup_test, cancelling_wins_over_a_ring_and_the_ring_is_harmless) {
  start();
  bell_.ring();
  group_.cancel();
  loop_.settle();
  EXPECT_TRUE(cancelled_);
  bell_.ring();
  loop_.settle();
  EXPECT_EQ(group_.size(), 0u);
}

TEST_F(wakeup_test, an_alarm_rings_when_its_time_is_over) {
  alarm late(loop_->timers(), bell_);
  start();
  late.set_in(milliseconds(1));
  ASSERT_TRUE(loop_.run_until([&] { return wakes_ == 1; }));
  EXPECT_TRUE(late.rang());
  late.set_in(hours(1));
  EXPECT_FALSE(late.rang());
}

TEST_F(wakeup_test, a_watch_rings_and_remembers_a_break) {
  test::memory_peer peer;
  test::memory_stream watched(peer);
  stream_watch watch(bell_);
  watched.watch(&watch);
  std::byte room[8];
  EXPECT_EQ(watched.read(room).state, io_state::blocked);
  start();
  peer.send("x");
  loop_.settle();
  EXPECT_EQ(wakes_, 1);
  EXPECT_FALSE(watch.broken());
  peer.reset();
  loop_.settle();
  EXPECT_EQ(wakes_, 2);
  EXPECT_TRUE(watch.broken());
}

}  // namespace
}  // namespace frpx::net
