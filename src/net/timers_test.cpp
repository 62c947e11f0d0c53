#include "net/timers.hpp"

#include <gtest/gtest.h>

#include <functional>
#include <string>

#include "tests/support/event_loop.hpp"

namespace frpx::net {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;

struct noted final : deadline {
  noted(test::event_loop& loop, std::function<void()> what)
      : deadline(loop->timers()), then(std::move(what)) {}
  void expired() override {
    ++times;
    then();
  }
  std::function<void()> then;
  int times = 0;
};

TEST(timers, come_in_their_order) {
  test::event_loop loop;
  std::string order;
  noted third(loop, [&] { order += '3'; });
  noted first(loop, [&] { order += '1'; });
  noted second(loop, [&] { order += '2'; });
  third.set_in(milliseconds(6));
  first.set_in(milliseconds(2));
  second.set_in(milliseconds(4));
  ASSERT_TRUE(loop.run_until([&] { return order.size() == 3; }));
  EXPECT_EQ(order, "123");
  EXPECT_FALSE(first.is_set());
}

TEST(timers, never_come_early) {
  test::event_loop loop;
  const steady_time when = steady_clock::now() + milliseconds(5);
  noted due(loop, [&] { EXPECT_GE(steady_clock::now(), when); });
  due.set(when);
  EXPECT_TRUE(loop.run_until([&] { return due.times == 1; }));
}

TEST(timers, one_moved_away_comes_once_at_its_new_time) {
  test::event_loop loop;
  steady_time when;
  noted due(loop, [&] { EXPECT_GE(steady_clock::now(), when); });
  due.set_in(milliseconds(2));
  when = steady_clock::now() + milliseconds(10);
  due.set(when);
  ASSERT_TRUE(loop.run_until([&] { return due.times == 1; }));
  noted after(loop, [] {});
  after.set_in(milliseconds(10));
  ASSERT_TRUE(loop.run_until([&] { return after.times == 1; }));
  EXPECT_EQ(due.times, 1);
}

TEST(timers, one_moved_nearer_comes_at_its_new_time) {
  test::event_loop loop;
  noted due(loop, [] {});
  due.set_in(hours(1));
  due.set_in(milliseconds(1));
  EXPECT_TRUE(loop.run_until([&] { return due.times == 1; }));
}

TEST(timers, a_cleared_or_destroyed_one_does_not_come) {
  test::event_loop loop;
  noted cleared(loop, [] {});
  cleared.set_in(milliseconds(1));
  cleared.clear();
  auto destroyed = std::make_unique<noted>(loop, [] { ADD_FAILURE(); });
  destroyed->set_in(milliseconds(1));
  destroyed.reset();
  noted after(loop, [] {});
  after.set_in(milliseconds(3));
  ASSERT_TRUE(loop.run_until([&] { return after.times == 1; }));
  EXPECT_EQ(cleared.times, 0);
}

TEST(timers, a_cleared_one_may_be_set_again) {
  test::event_loop loop;
  noted due(loop, [] {});
  due.set_in(milliseconds(1));
  due.clear();
  due.set_in(milliseconds(2));
  EXPECT_TRUE(loop.run_until([&] { return due.times == 1; }));
}

TEST(timers, may_set_themselves_again_and_destroy_others) {
  test::event_loop loop;
  auto victim = std::make_unique<noted>(loop, [] { ADD_FAILURE(); });
  noted again(loop, [&] {
    victim.reset();
    if (again.times < 3) again.set_in(milliseconds(1));
  });
  const steady_time same = steady_clock::now() + milliseconds(2);
  again.set(same);
  victim->set(same);
  EXPECT_TRUE(loop.run_until([&] { return again.times == 3; }));
}

TEST(timers, one_may_destroy_itself) {
  test::event_loop loop;
  std::unique_ptr<noted> due;
  due = std::make_unique<noted>(loop, [&] { const auto last = std::move(due); });
  due->set_in(milliseconds(1));
  EXPECT_TRUE(loop.run_until([&] { return due == nullptr; }));
}

}  // namespace
}  // namespace frpx::net
