#include "net/idle_list.hpp"

#include <gtest/gtest.h>

#include <memory>
#include <vector>

#include "tests/support/event_loop.hpp"

namespace frpx::net {
namespace {

using namespace std::chrono_literals;

struct thing final : idle_list::member {
  thing(std::vector<int>& log, int name) : ended(log), number(name) {}
  void on_idle() override { ended.push_back(number); }
  std::vector<int>& ended;
  int number;
};

TEST(idle_list, ends_each_once_in_the_order_of_last_touch) {
  test::event_loop loop;
  idle_list list(loop->timers(), 30ms);
  std::vector<int> ended;
  thing one(ended, 1), two(ended, 2), three(ended, 3);
  const steady_time now = steady_clock::now();
  list.touch(one, now);
  list.touch(two, now + 1ms);
  list.touch(three, now + 2ms);
  list.touch(one, now + 3ms);
  EXPECT_EQ(list.oldest(), &two);
  EXPECT_EQ(one.last(), now + 3ms);
  ASSERT_TRUE(loop.run_until([&] { return ended.size() == 3; }));
  EXPECT_EQ(ended, (std::vector<int>{2, 3, 1}));
  EXPECT_GE(steady_clock::now(), now + 33ms);
  EXPECT_TRUE(list.empty());
  list.touch(two, steady_clock::now());
  ASSERT_TRUE(loop.run_until([&] { return ended.size() == 4; }));
}

TEST(idle_list, who_is_touched_stays) {
  test::event_loop loop;
  idle_list list(loop->timers(), 200ms);
  std::vector<int> ended;
  thing quiet(ended, 1), busy(ended, 2);
  const steady_time begin = steady_clock::now();
  list.touch(quiet, begin);
  ASSERT_TRUE(loop.run_until([&] {
    list.touch(busy, steady_clock::now());
    return !ended.empty();
  }));
  EXPECT_EQ(ended, std::vector<int>{1});
  EXPECT_EQ(list.oldest(), &busy);
}

TEST(idle_list, members_leave_when_they_go_and_may_change_lists) {
  test::event_loop loop;
  idle_list first(loop->timers(), 20ms);
  idle_list second(loop->timers(), 20ms);
  std::vector<int> ended;
  auto gone = std::make_unique<thing>(ended, 1);
  thing moved(ended, 2);
  first.touch(*gone, steady_clock::now());
  first.touch(moved, steady_clock::now());
  gone.reset();
  second.touch(moved, steady_clock::now());
  EXPECT_TRUE(first.empty());
  ASSERT_TRUE(loop.run_until([&] { return !ended.empty(); }));
  EXPECT_EQ(ended, std::vector<int>{2});
}

TEST(idle_list, ending_one_may_destroy_it_and_others) {
  struct chain final : idle_list::member {
    void on_idle() override { next.reset(); }
    std::unique_ptr<chain> next;
  };
  test::event_loop loop;
  idle_list list(loop->timers(), 10ms);
  chain first;
  first.next = std::make_unique<chain>();
  list.touch(first, steady_clock::now());
  list.touch(*first.next, steady_clock::now());
  ASSERT_TRUE(loop.run_until([&] { return list.empty(); }));
  EXPECT_EQ(first.next, nullptr);
}

}  // namespace
}  // namespace frpx::net
