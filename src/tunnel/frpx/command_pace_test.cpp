#include "tunnel/frpx/command_pace.hpp"

#include <gtest/gtest.h>

namespace frpx::tunnel::frpx_dialect {
namespace {

using namespace std::chrono_literals;

constexpr auto at_once = steady_clock::duration::zero();
const steady_time start = steady_time() + 1h;

TEST(command_pace, a_burst_passes_and_then_a_hundred_a_second) {
  command_pace pace;
  for (int i = 0; i < command_pace::at_once; ++i) {
    ASSERT_EQ(pace.wait(start), at_once) << i;
    pace.count(50, start);
  }
  EXPECT_EQ(pace.wait(start), at_once);
  pace.count(50, start);
  EXPECT_EQ(pace.wait(start), 10ms);
  EXPECT_EQ(pace.wait(start + 4ms), 6ms);
  EXPECT_EQ(pace.wait(start + 10ms), at_once);
  pace.count(50, start + 10ms);
  EXPECT_EQ(pace.wait(start + 10ms), 10ms);
}

TEST(command_pace, a_rest_earns_one_burst_and_no_more) {
  command_pace pace;
  const steady_time later = start + 24h;
  pace.count(50, start);
  for (int i = 0; i < command_pace::at_once; ++i) pace.count(50, later);
  EXPECT_EQ(pace.wait(later), at_once);
  pace.count(50, later);
  EXPECT_EQ(pace.wait(later), 10ms);
}

TEST(command_pace, a_long_command_counts_as_several) {
  command_pace pace;
  for (int i = 0; i < command_pace::at_once; ++i) pace.count(0, start);
  pace.count(3 * command_pace::long_command, start);
  EXPECT_EQ(pace.wait(start), 40ms);
}

TEST(command_pace, going_on_and_on_is_a_flood_and_a_rest_ends_it) {
  command_pace pace;
  steady_time now = start;
  const auto go_on = [&](steady_clock::duration span) {
    for (const steady_time until = now + span; now < until; now += pace.wait(now)) {
      pace.count(50, now);
    }
  };
  go_on(4900ms);
  EXPECT_FALSE(pace.is_flood(now));
  go_on(200ms);
  EXPECT_TRUE(pace.is_flood(now));
  now += 6s;
  pace.count(50, now);
  EXPECT_FALSE(pace.is_flood(now));
  go_on(4900ms);
  EXPECT_FALSE(pace.is_flood(now));
}

TEST(command_pace, a_client_that_keeps_to_it_never_waits) {
  command_pace pace;
  for (steady_time now = start; now < start + 1h; now += 10ms) {
    ASSERT_EQ(pace.wait(now), at_once);
    pace.count(1000, now);
  }
}

}  // namespace
}  // namespace frpx::tunnel::frpx_dialect
