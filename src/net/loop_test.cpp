#include "net/loop.hpp"

#include <gtest/gtest.h>

#include <future>
#include <thread>

#include "net/task_group.hpp"
#include "net/wakeup.hpp"

namespace frpx::net {
namespace {

namespace asio = boost::asio;
using std::chrono::hours;
using std::chrono::milliseconds;

// A loop on a thread of its own.
class running_loop : public testing::Test {
 protected:
  ~running_loop() override {
    loop_.stop();
    thread_.join();
  }
  template <class F>
  auto ask(F f) {
    std::promise<decltype(f())> done;
    loop_.post([&] { done.set_value(f()); });
    return done.get_future().get();
  }

  loop loop_;
  std::thread thread_{[this] { loop_.run(); }};
};

TEST_F(running_loop, wakes_for_each_post_of_another_thread) {
  for (int i = 0; i < 1000; ++i) {
    EXPECT_EQ(ask([i] { return i; }), i);
  }
}

TEST_F(running_loop, runs_what_posts_from_many_threads_bring) {
  constexpr int each = 2000;
  std::atomic<int> ran{0};
  std::vector<std::thread> posting;
  for (int i = 0; i < 4; ++i) {
    posting.emplace_back([&] {
      for (int n = 0; n < each; ++n) loop_.post([&ran] { ++ran; });
    });
  }
  for (auto& one : posting) one.join();
  EXPECT_EQ(ask([&] { return ran.load(); }), 4 * each);
}

TEST_F(running_loop, does_not_sleep_over_what_it_posts_itself) {
  std::promise<void> done;
  loop_.post([&] { loop_.post([&] { loop_.post([&] { done.set_value(); }); }); });
  EXPECT_EQ(done.get_future().wait_for(std::chrono::seconds(10)), std::future_status::ready);
}

TEST_F(running_loop, knows_its_own_thread) {
  EXPECT_FALSE(loop_.is_here());
  EXPECT_TRUE(ask([this] { return loop_.is_here() && &loop::current() == &loop_; }));
}

asio::awaitable<void> sleep_and_tell(milliseconds span, std::promise<void>* done) {
  co_await pause(span);
  done->set_value();
}

TEST_F(running_loop, wakes_for_a_deadline_that_a_coroutine_sets) {
  task_group group(loop_);
  std::promise<void> done;
  const steady_time began = steady_clock::now();
  loop_.post([&] { group.spawn(sleep_and_tell(milliseconds(20), &done)); });
  done.get_future().wait();
  EXPECT_GE(steady_clock::now() - began, milliseconds(20));
  while (ask([&] { return group.size(); }) != 0) {
  }
}

TEST(loop, turned_by_hand_waits_as_long_as_it_is_told) {
  loop by_hand;
  while (by_hand.turn(steady_time())) {
  }
  const steady_time began = steady_clock::now();
  EXPECT_FALSE(by_hand.turn(began + milliseconds(20)));
  EXPECT_GE(steady_clock::now() - began, milliseconds(20));
  int ran = 0;
  by_hand.post([&] { ++ran; });
  EXPECT_TRUE(by_hand.turn(steady_clock::now() + hours(1)));
  EXPECT_EQ(ran, 1);
}

}  // namespace
}  // namespace frpx::net
