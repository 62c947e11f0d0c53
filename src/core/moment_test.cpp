#include "core/moment.hpp"

#include <gtest/gtest.h>

namespace frpx {
namespace {

using namespace std::chrono_literals;

TEST(moment, is_a_day_a_time_or_how_long_ago) {
  const wall_time now = *parse_rfc3339("2026-11-20T09:24:59Z");
  EXPECT_EQ(parse_moment("2026-11-20", now), parse_rfc3339("2026-11-20T00:00:00Z"));
  EXPECT_EQ(parse_moment("2026-11-20T08:00:00+08:00", now), parse_rfc3339("2026-11-20T00:00:00Z"));
  EXPECT_EQ(parse_moment("24h", now), now - 24h);
  EXPECT_EQ(parse_moment("0", now), now);
  for (const char* text : {"", "now", "2026-11", "2026-13-01", "2026-11-20T", "20-11-2026", "-1h",
                           "2026-11-20 09:00", "2026-11-20T00:00:00ZT00:00:00Z"}) {
    EXPECT_FALSE(parse_moment(text, now)) << text;
  }
}

}  // namespace
}  // namespace frpx
