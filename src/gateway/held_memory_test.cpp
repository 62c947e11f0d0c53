#include "gateway/held_memory.hpp"

#include <gtest/gtest.h>

#include <optional>

namespace frpx::gateway {
namespace {

TEST(held_memory, is_bounded_for_all_requests_together) {
  held_memory all(100);
  held_memory::share one(all);
  std::optional<held_memory::share> other(all);
  EXPECT_TRUE(one.resize(60));
  EXPECT_FALSE(all.has_plenty());
  EXPECT_FALSE(other->try_resize(41));
  EXPECT_EQ(all.used(), 60u) << "what may not be held is not counted";
  EXPECT_TRUE(other->try_resize(40));
  EXPECT_FALSE(other->resize(50)) << "what is held is counted all the same";
  EXPECT_EQ(all.used(), 110u);
  EXPECT_FALSE(one.resize(61));
  EXPECT_TRUE(one.resize(10));
  EXPECT_TRUE(other->try_resize(90));
  EXPECT_EQ(all.used(), 100u);
  other.reset();
  EXPECT_EQ(all.used(), 10u);
  EXPECT_TRUE(all.has_plenty());
  EXPECT_TRUE(one.resize(0));
  EXPECT_EQ(all.used(), 0u);
}

}  // namespace
}  // namespace frpx::gateway
