#include "http/h2/flood_guard.hpp"

#include <gtest/gtest.h>

namespace frpx::http::h2 {
namespace {

TEST(flood_guard, a_burst_is_borne_to_the_last_and_time_fills_it_up) {
  const steady_time start{};
  flood_guard guard(start);
  for (int i = 0; i < flood_guard::most / flood_guard::of_an_unanswered_request; ++i) {
    EXPECT_TRUE(guard.bears(flood_guard::of_an_unanswered_request, start)) << i;
  }
  EXPECT_FALSE(guard.bears(flood_guard::of_an_idle_frame, start));

  flood_guard again(start);
  EXPECT_TRUE(again.bears(flood_guard::most, start));
  const steady_time later = start + std::chrono::seconds(1);
  EXPECT_TRUE(again.bears(flood_guard::per_second, later));
  EXPECT_FALSE(again.bears(1, later));
}

TEST(flood_guard, a_steady_trickle_never_ends_it) {
  steady_time now{};
  flood_guard guard(now);
  for (int i = 0; i < 100'000; ++i) {
    ASSERT_TRUE(guard.bears(1, now)) << i;
    now += std::chrono::microseconds(5100);  // a little below the rate, in steps that add up
  }
}

TEST(flood_guard, a_long_rest_fills_it_once) {
  const steady_time start{};
  flood_guard guard(start);
  const steady_time later = start + std::chrono::hours(24 * 365);
  EXPECT_TRUE(guard.bears(flood_guard::most, later));
  EXPECT_FALSE(guard.bears(1, later));
}

TEST(flood_guard, window_updates_are_allowed_for_what_was_asked_and_sent) {
  flood_guard guard(steady_time{});
  EXPECT_FALSE(guard.allows_update());
  guard.request_came();
  guard.data_sent();
  for (int i = 0; i < flood_guard::updates_for_a_request + flood_guard::updates_for_data; ++i) {
    EXPECT_TRUE(guard.allows_update()) << i;
  }
  EXPECT_FALSE(guard.allows_update());
}

TEST(flood_guard, a_long_download_allows_window_updates_within_a_bound_and_nothing_else) {
  const steady_time start{};
  flood_guard guard(start);
  for (int i = 0; i < 100'000; ++i) guard.data_sent();
  EXPECT_TRUE(guard.bears(flood_guard::most, start));
  EXPECT_FALSE(guard.bears(1, start));
  for (int i = 0; i < flood_guard::most_updates; ++i) ASSERT_TRUE(guard.allows_update()) << i;
  EXPECT_FALSE(guard.allows_update());
}

}  // namespace
}  // namespace frpx::http::h2
