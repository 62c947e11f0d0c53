#include "net/poller.hpp"

#include <gtest/gtest.h>
#include <sys/eventfd.h>

#include <functional>
#include <string>
#include <vector>

#include "tests/support/event_loop.hpp"

namespace frpx::net {
namespace {

// A descriptor that is readable from the start, and what it does when it is told so.
struct ready_source final : poller::source {
  explicit ready_source(poller& events) : fd(::eventfd(1, EFD_NONBLOCK | EFD_CLOEXEC)), on(events) {
    EXPECT_TRUE(on.add(fd.get(), *this));
  }
  ~ready_source() { on.remove(fd.get(), *this); }
  void on_events(std::uint32_t events) override {
    EXPECT_TRUE(events & EPOLLIN);
    ++told;
    if (then) then();
  }
  unique_fd fd;
  poller& on;
  int told = 0;
  std::function<void()> then;
};

struct counting_task final : poller::task {
  explicit counting_task(std::function<void()> what) : then(std::move(what)) {}
  void run() override { then(); }
  std::function<void()> then;
};

TEST(poller, tells_an_edge_once) {
  test::event_loop loop;
  ready_source ready(loop->events());
  loop.settle();
  EXPECT_EQ(ready.told, 1);
  ASSERT_EQ(::eventfd_write(ready.fd.get(), 1), 0);
  loop.settle();
  EXPECT_EQ(ready.told, 2);
}

TEST(poller, tells_more_than_one_batch) {
  test::event_loop loop;
  std::vector<std::unique_ptr<ready_source>> many;
  int told = 0;
  for (int i = 0; i < 700; ++i) {
    many.push_back(std::make_unique<ready_source>(loop->events()));
    many.back()->then = [&told] { ++told; };
  }
  EXPECT_TRUE(loop.run_until([&] { return told == 700; }));
}

TEST(poller, what_is_removed_inside_a_batch_is_not_told) {
  test::event_loop loop;
  auto first = std::make_unique<ready_source>(loop->events());
  auto second = std::make_unique<ready_source>(loop->events());
  int told = 0;
  first->then = [&] { ++told, second.reset(); };
  second->then = [&] { ++told, first.reset(); };
  loop.settle();
  EXPECT_EQ(told, 1);
}

TEST(poller, a_source_may_remove_itself) {
  test::event_loop loop;
  auto only = std::make_unique<ready_source>(loop->events());
  only->then = [&] { only.reset(); };
  loop.settle();
  EXPECT_EQ(only, nullptr);
}

TEST(poller, runs_events_then_tasks_then_flushes) {
  test::event_loop loop;
  poller& events = loop->events();
  std::string order;
  counting_task flush([&] { order += 'f'; });
  counting_task second([&] { order += '2'; });
  counting_task first([&] {
    order += '1';
    events.schedule(second);
  });
  ready_source one(events);
  ready_source other(events);
  one.then = other.then = [&] {
    order += 'e';
    events.schedule_flush(flush);
    events.schedule(first);
    events.schedule(first);
  };
  loop.settle();
  EXPECT_EQ(order, "ee12f");
}

TEST(poller, runs_what_is_scheduled_outside_of_events) {
  test::event_loop loop;
  int runs = 0;
  counting_task once([&] { ++runs; });
  loop->events().schedule(once);
  EXPECT_EQ(runs, 0);
  loop.settle();
  EXPECT_EQ(runs, 1);
}

TEST(poller, a_task_that_goes_is_not_run) {
  test::event_loop loop;
  int runs = 0;
  {
    counting_task gone([&] { ++runs; });
    loop->events().schedule(gone);
  }
  loop.settle();
  EXPECT_EQ(runs, 0);
}

TEST(poller, who_comes_later_lets_events_go_first) {
  test::event_loop loop;
  std::unique_ptr<ready_source> ready;
  int turns = 0;
  counting_task greedy([&] {
    if (turns++ == 0) ready = std::make_unique<ready_source>(loop->events());
    if (ready->told == 0 && turns < 1000) loop->events().schedule_later(greedy);
  });
  loop->events().schedule(greedy);
  ASSERT_TRUE(loop.run_until([&] { return ready && ready->told == 1; }));
  EXPECT_LT(turns, 10);
}

}  // namespace
}  // namespace frpx::net
