#include "net/task_group.hpp"

#include <gtest/gtest.h>

#include <stdexcept>

#include "tests/support/event_loop.hpp"

namespace frpx::net {
namespace {

namespace asio = boost::asio;
using std::chrono::hours;
using std::chrono::milliseconds;

asio::awaitable<void> wait_for(steady_clock::duration time, int& ended) {
  co_await pause(time);
  ++ended;
}

asio::awaitable<void> fail() {
  throw std::runtime_error("on purpose");
  co_return;
}

steady_time in(steady_clock::duration time) {
  return steady_clock::now() + time;
}

TEST(task_group, joins_when_the_last_has_ended) {
  test::event_loop loop;
  task_group group(loop->loop());
  int ended = 0;
  group.spawn(wait_for(milliseconds(2), ended));
  group.spawn(wait_for(milliseconds(4), ended));
  EXPECT_EQ(group.size(), 2u);
  EXPECT_TRUE(loop.await(group.join(in(hours(1)))));
  EXPECT_EQ(ended, 2);
}

TEST(task_group, an_empty_group_joins_at_once) {
  test::event_loop loop;
  task_group group(loop->loop());
  EXPECT_TRUE(loop.await(group.join(in(hours(1)))));
}

TEST(task_group, joins_no_longer_than_asked) {
  test::event_loop loop;
  task_group group(loop->loop());
  int ended = 0;
  group.spawn(wait_for(hours(1), ended));
  EXPECT_FALSE(loop.await(group.join(in(milliseconds(2)))));
  EXPECT_EQ(group.size(), 1u);
  group.cancel();
  EXPECT_TRUE(loop.await(group.join(in(hours(1)))));
  EXPECT_EQ(ended, 0);
}

TEST(task_group, cancels_before_the_first_step) {
  test::event_loop loop;
  task_group group(loop->loop());
  int ended = 0;
  group.spawn(wait_for(hours(1), ended));
  group.cancel();
  EXPECT_TRUE(loop.await(group.join(in(hours(1)))));
  EXPECT_EQ(ended, 0);
}

// As a stream's watcher does it: from an event of the loop.
struct cancels_at final : deadline {
  cancels_at(timers& of, task_group::task whom) : deadline(of), whom_(whom) {}
  void expired() override { whom_.cancel(); }
  task_group::task whom_;
};

asio::awaitable<void> wait_until_cancelled(timers& of, task_group::task self, int& ended) {
  cancels_at soon(of, self);
  soon.set_in(milliseconds(2));
  co_await wait_for(hours(1), ended);
  ++ended;
}

TEST(task_group, one_coroutine_is_cancelled_alone) {
  test::event_loop loop;
  task_group group(loop->loop());
  int ended = 0;
  int others = 0;
  group.spawn(wait_for(milliseconds(20), others));
  group.spawn_with_task(
      [&](task_group::task self) { return wait_until_cancelled(loop->timers(), self, ended); });
  EXPECT_TRUE(loop.run_until([&] { return group.size() == 1; }));
  EXPECT_EQ(ended, 0);
  EXPECT_TRUE(loop.await(group.join(in(hours(1)))));
  EXPECT_EQ(others, 1);
}

TEST(task_group, an_exception_ends_its_coroutine_only) {
  test::event_loop loop;
  task_group group(loop->loop());
  int ended = 0;
  group.spawn(fail());
  group.spawn(wait_for(milliseconds(2), ended));
  EXPECT_TRUE(loop.await(group.join(in(hours(1)))));
  EXPECT_EQ(ended, 1);
}

}  // namespace
}  // namespace frpx::net
