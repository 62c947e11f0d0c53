#include "balance/random.hpp"

#include <gtest/gtest.h>

#include <array>

namespace frpx::balance {
namespace {

TEST(choose_random, takes_every_usable_one_and_no_other) {
  quick_random random(1);
  std::array<int, 5> seen{};
  const auto odd = [](std::size_t i) { return i % 2 == 1; };
  for (int i = 0; i < 1000; ++i) {
    const auto chosen = choose_random(seen.size(), random, odd);
    ASSERT_TRUE(chosen);
    ++seen[*chosen];
  }
  EXPECT_EQ(seen[0] + seen[2] + seen[4], 0);
  EXPECT_GT(seen[1], 200);
  EXPECT_GT(seen[3], 200);
}

TEST(choose_random, is_even_among_all) {
  quick_random random(2);
  std::array<int, 10> seen{};
  for (int i = 0; i < 10'000; ++i) {
    ++seen[*choose_random(seen.size(), random, [](std::size_t) { return true; })];
  }
  for (const int count : seen) EXPECT_NEAR(count, 1000, 150);
}

TEST(choose_random, finds_nothing_where_nothing_is) {
  quick_random random(3);
  EXPECT_FALSE(choose_random(0, random, [](std::size_t) { return true; }));
  EXPECT_FALSE(choose_random(7, random, [](std::size_t) { return false; }));
}

}  // namespace
}  // namespace frpx::balance
