#include "core/durations.hpp"

#include <gtest/gtest.h>

namespace frpx {
namespace {

using namespace std::chrono_literals;

TEST(durations, are_counted_by_their_bounds) {
  duration_counter counter;
  for (const auto each : {0us, 1000us, 1001us, 2500us}) counter.add(each);
  counter.add(300s);
  counter.add(301s);
  const durations all = counter.so_far();
  EXPECT_EQ(all.counts[0], 2u) << "a bound is included";
  EXPECT_EQ(all.counts[1], 2u);
  EXPECT_EQ(all.counts[durations::bounds.size() - 1], 1u);
  EXPECT_EQ(all.counts.back(), 1u);
  EXPECT_EQ(all.count(), 6u);
  EXPECT_DOUBLE_EQ(all.seconds, 601.004501);
}

TEST(durations, add_up_and_have_differences) {
  duration_counter one;
  one.add(1ms);
  const durations before = one.so_far();
  one.add(2s);
  const durations since = one.so_far() - before;
  EXPECT_EQ(since.count(), 1u);
  EXPECT_EQ(since.counts[0], 0u);
  EXPECT_DOUBLE_EQ(since.seconds, 2);
  durations sum = before;
  sum += since;
  EXPECT_EQ(sum.counts, one.so_far().counts);
}

TEST(durations, quantiles_lie_between_two_bounds) {
  durations some;
  EXPECT_EQ(some.quantile(0.5), 0);
  some.counts[0] = 50;  // up to 1 ms
  some.counts[6] = 50;  // 50 ms to 100 ms
  EXPECT_DOUBLE_EQ(some.quantile(0.25), 0.0005);
  EXPECT_DOUBLE_EQ(some.quantile(0.5), 0.001);
  EXPECT_DOUBLE_EQ(some.quantile(0.75), 0.075);
  EXPECT_DOUBLE_EQ(some.quantile(1), 0.1);
  durations slow;
  slow.counts.back() = 1;
  EXPECT_EQ(slow.quantile(0.5), 300);
}

}  // namespace
}  // namespace frpx
