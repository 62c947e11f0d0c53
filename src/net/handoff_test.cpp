// Questions from one thread to another: worker.call and the blocking pool.
#include "net/handoff.hpp"

#include <gtest/gtest.h>

#include <future>
#include <latch>

#include "net/blocking_pool.hpp"
#include "net/worker.hpp"
#include "tests/support/event_loop.hpp"

namespace frpx::net {
namespace {

namespace asio = boost::asio;
using std::chrono::hours;
using std::chrono::milliseconds;

// A running worker pool; the test itself is one more thread, with a loop of its own.
class handoff_test : public testing::Test {
 protected:
  handoff_test() { workers_.start(); }
  ~handoff_test() override { workers_.stop(); }

  test::event_loop loop_;
  worker_pool workers_{2};
};

TEST_F(handoff_test, a_call_runs_there_and_answers_here) {
  const auto here = std::this_thread::get_id();
  const auto there =
      loop_.await(workers_.at(1).call([] { return std::this_thread::get_id(); }, hours(1)));
  ASSERT_TRUE(there);
  EXPECT_NE(*there, here);
  EXPECT_EQ(workers_.at(1).posts(), 1u);
}

TEST_F(handoff_test, a_result_is_handed_on_as_it_is) {
  const result<int> answer = loop_.await(workers_.home().call(
      [] { return result<int>(make_error_code(errc::unknown_host)); }, hours(1)));
  EXPECT_EQ(answer.error(), errc::unknown_host);
}

TEST_F(handoff_test, an_answer_that_moves_only) {
  const auto answer =
      loop_.await(workers_.home().call([] { return std::make_unique<int>(7); }, hours(1)));
  ASSERT_TRUE(answer);
  EXPECT_EQ(**answer, 7);
}

TEST_F(handoff_test, a_late_answer_is_lost_without_harm) {
  std::latch asker_gave_up(1);
  const auto answer = loop_.await(workers_.home().call(
      [&] {
        asker_gave_up.wait();
        return 1;
      },
      milliseconds(1)));
  EXPECT_EQ(answer.error(), errc::late);
  asker_gave_up.count_down();
  // The next question finds the worker well, and the late answer arrives before its own.
  EXPECT_EQ(loop_.await(workers_.home().call([] { return 2; }, hours(1))).value(), 2);
}

TEST_F(handoff_test, workers_ask_each_other_many_times) {
  const auto ask_around = [](worker_pool* workers,
                             std::promise<int>* sum) -> asio::awaitable<void> {
    int total = 0;
    for (int i = 0; i < 500; ++i) {
      total += (co_await workers->at(1).call([i] { return i; }, hours(1))).value();
    }
    sum->set_value(total);
  };
  std::promise<int> sum;
  workers_.home().post([&] { workers_.home().tasks().spawn(ask_around(&workers_, &sum)); });
  EXPECT_EQ(sum.get_future().get(), 499 * 500 / 2);
}

TEST_F(handoff_test, an_asker_that_is_cancelled_leaves_the_answer_to_nobody) {
  const auto ask = [](worker* other, std::latch* go) -> asio::awaitable<void> {
    (void)co_await other->call([go] { return go->wait(), 1; }, hours(1));
  };
  std::latch go(1);
  task_group group(loop_->loop());
  group.spawn(ask(&workers_.home(), &go));
  loop_.settle();
  group.cancel();
  EXPECT_TRUE(loop_.await(group.join(steady_clock::now() + hours(1))));
  go.count_down();
  EXPECT_EQ(loop_.await(workers_.home().call([] { return 2; }, hours(1))).value(), 2);
}

TEST(blocking_pool, answers_from_its_threads) {
  test::event_loop loop;
  blocking_pool pool(2, 8);
  const auto answer = loop.await(pool.run([] { return std::this_thread::get_id(); }, hours(1)));
  ASSERT_TRUE(answer);
  EXPECT_NE(*answer, std::this_thread::get_id());
}

TEST(blocking_pool, is_busy_one_past_its_limit) {
  test::event_loop loop;
  std::latch go(1);
  blocking_pool pool(1, 2);
  const auto hold = [](blocking_pool* in, std::latch* until) -> asio::awaitable<void> {
    EXPECT_TRUE(co_await in->run([until] { return until->wait(), true; }, hours(1)));
  };
  task_group group(loop->loop());
  group.spawn(hold(&pool, &go));
  group.spawn(hold(&pool, &go));
  loop.settle();
  EXPECT_EQ(loop.await(pool.run([] { return 1; }, hours(1))).error(), errc::busy);
  go.count_down();
  EXPECT_TRUE(loop.await(group.join(steady_clock::now() + hours(1))));
  EXPECT_TRUE(
      loop.run_until([&] { return loop.await(pool.run([] { return 1; }, hours(1))).has_value(); }));
}

TEST(blocking_pool, a_late_one_still_counts_until_it_is_done) {
  test::event_loop loop;
  std::latch go(1);
  blocking_pool pool(1, 1);
  const auto late = loop.await(pool.run([&] { return go.wait(), 1; }, milliseconds(1)));
  EXPECT_EQ(late.error(), errc::late);
  EXPECT_EQ(loop.await(pool.run([] { return 1; }, hours(1))).error(), errc::busy);
  go.count_down();
  EXPECT_TRUE(
      loop.run_until([&] { return loop.await(pool.run([] { return 1; }, hours(1))).has_value(); }));
}

}  // namespace
}  // namespace frpx::net
