#include "core/clock.hpp"

#include <gtest/gtest.h>

namespace frpx {
namespace {

using namespace std::chrono;

const wall_time moment = wall_time(seconds(1714528800));  // 2024-05-01T02:00:00Z

TEST(rfc3339, takes_any_offset_and_fraction) {
  const std::pair<const char*, wall_time> rows[] = {
      {"2024-05-01T02:00:00Z", moment},
      {"2024-05-01T10:00:00+08:00", moment},
      {"2024-04-30T21:30:00-04:30", moment},
      {"2024-05-01T10:00:00.12+08:00", moment + milliseconds(120)},
      {"2024-05-01T02:00:00.000000001Z", moment + nanoseconds(1)},
      {"2024-02-29T23:59:59.5Z", wall_time(milliseconds(1709251199500))},
      {"1969-12-31T23:59:59.5Z", wall_time(milliseconds(-500))},
  };
  for (const auto& [text, expected] : rows) {
    const auto read = parse_rfc3339(text);
    ASSERT_TRUE(read) << text;
    EXPECT_EQ(*read, expected) << text;
  }
}

TEST(rfc3339, reads_what_it_writes) {
  const wall_time now = time_point_cast<microseconds>(wall_clock::now());
  EXPECT_EQ(parse_rfc3339(to_rfc3339(now)), now);
}

TEST(rfc3339, times_beyond_the_clock_become_the_nearest) {
  const auto zero = parse_rfc3339("0001-01-01T00:00:00Z");
  const auto last = parse_rfc3339("9999-12-31T23:59:59.999999999-23:59");
  ASSERT_TRUE(zero && last);
  EXPECT_LT(*zero, wall_time(seconds(0)) - hours(24 * 365 * 290));
  EXPECT_GT(*last, wall_time(seconds(0)) + hours(24 * 365 * 290));
}

TEST(rfc3339, refuses_other_forms) {
  for (const char* text :
       {"", "2024-05-01", "2024-05-01T02:00:00", "2024-05-01 02:00:00Z", "2024-05-01T02:00:00z",
        "2024-13-01T02:00:00Z", "2023-02-29T02:00:00Z", "2024-05-01T24:00:00Z",
        "2024-05-01T02:60:00Z", "2024-05-01T02:00:60Z", "2024-05-01T02:00:00.Z",
        "2024-05-01T02:00:00.1234567890Z", "2024-05-01T02:00:00+08", "2024-05-01T02:00:00+24:00",
        "2024-05-01T02:00:00Zx", "24-05-01T02:00:00Z", "2024-05-01T02:00:00.1"}) {
    EXPECT_FALSE(parse_rfc3339(text)) << text;
  }
}

}  // namespace
}  // namespace frpx
