#include "core/duration.hpp"

#include <gtest/gtest.h>

#include <vector>

namespace frpx {
namespace {

using std::chrono::milliseconds;

TEST(duration, as_people_write_them) {
  struct row {
    const char* text;
    std::optional<milliseconds> length;
  };
  const std::vector<row> rows = {
      {"60", milliseconds(60'000)},
      {"60s", milliseconds(60'000)},
      {"0", milliseconds(0)},
      {"500ms", milliseconds(500)},
      {"2m", milliseconds(120'000)},
      {"1h", milliseconds(3'600'000)},
      {"365d", milliseconds(31'536'000'000)},
      {"366d", std::nullopt},
      {"31536001", std::nullopt},
      {"4294967295d", std::nullopt},
      {"4294967296", std::nullopt},
      {"", std::nullopt},
      {"s", std::nullopt},
      {"-1s", std::nullopt},
      {"+1s", std::nullopt},
      {"1.5s", std::nullopt},
      {" 1s", std::nullopt},
      {"1 s", std::nullopt},
      {"1s ", std::nullopt},
      {"1S", std::nullopt},
      {"1m30s", std::nullopt},
  };
  ASSERT_FALSE(rows.empty());
  for (const row& each : rows) EXPECT_EQ(parse_duration(each.text), each.length) << each.text;
}

}  // namespace
}  // namespace frpx
