#include "gateway/usage_table.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <tuple>

namespace frpx::gateway {
namespace {

using store::usage;
using namespace std::chrono_literals;

const wall_time h0{std::chrono::hours(500'000)};

usage requests(std::uint64_t count) {
  return {.requests = count};
}

std::vector<store::usage_row> sorted(std::vector<store::usage_row> rows) {
  std::sort(rows.begin(), rows.end(), [](const auto& left, const auto& right) {
    return std::tie(left.hour, left.key, left.client, left.model) <
           std::tie(right.hour, right.key, right.client, right.model);
  });
  return rows;
}

TEST(usage_table, rows_add_up_and_are_handed_over_once) {
  usage_table table(10);
  EXPECT_TRUE(table.empty());
  table.add("k", "c", "m", h0, {1, 2, 3, 4, 5, 6});
  table.add("k", "c", "m", h0, {10, 20, 30, 40, 50, 60});
  table.add("k", "c", "m", h0 + 1h, requests(7));
  table.add("k", "", "", h0, requests(8));
  EXPECT_FALSE(table.empty());
  const auto rows = sorted(table.take(100));
  ASSERT_EQ(rows.size(), 3u);
  EXPECT_EQ(rows[0].client + rows[0].model, "");
  EXPECT_EQ(rows[0].of.requests, 8u);
  EXPECT_EQ(rows[1].key + rows[1].client + rows[1].model, "kcm");
  EXPECT_EQ(rows[1].of, (usage{11, 22, 33, 44, 55, 66}));
  EXPECT_EQ(rows[2].hour, h0 + 1h);
  EXPECT_TRUE(table.empty());
  EXPECT_TRUE(table.take(100).empty());
}

TEST(usage_table, parts_of_a_place_are_not_mixed_up) {
  usage_table table(10);
  table.add("ab", "c", "", h0, requests(1));
  table.add("a", "bc", "", h0, requests(1));
  table.add("a", "b", "c", h0, requests(1));
  EXPECT_EQ(table.take(100).size(), 3u);
}

TEST(usage_table, a_model_that_is_no_plain_text_is_none) {
  usage_table table(10);
  table.add("k", "c", "a\nb", h0, requests(1));
  table.add("k", "c", std::string(257, 'x'), h0, requests(1));
  const auto rows = table.take(100);
  ASSERT_EQ(rows.size(), 1u);
  EXPECT_EQ(rows[0].model, "");
  EXPECT_EQ(rows[0].of.requests, 2u);
}

TEST(usage_table, more_rows_than_are_wanted_are_left) {
  usage_table table(10);
  for (const char* model : {"a", "b", "c"}) table.add("k", "c", model, h0, requests(1));
  EXPECT_EQ(table.take(2).size(), 2u);
  EXPECT_FALSE(table.empty());
  EXPECT_EQ(table.take(2).size(), 1u);
  EXPECT_TRUE(table.empty());
}

TEST(usage_table, at_the_bound_details_are_lost_and_requests_are_not) {
  usage_table table(3);
  for (const char* model : {"a", "b", "c"}) table.add("k", "c", model, h0, requests(1));
  EXPECT_FALSE(table.lost_details());
  table.add("k", "c", "d", h0, requests(1));
  EXPECT_TRUE(table.lost_details());
  EXPECT_FALSE(table.lost_details()) << "since then none";
  table.add("k", "c2", "e", h0, requests(1));
  table.add("k", "c", "a", h0, requests(1));
  for (int i = 0; i < 100; ++i) {
    table.add("k" + std::to_string(i), "c", "m", h0, requests(1));
  }
  const auto rows = table.take(1000);
  EXPECT_EQ(rows.size(), 7u);
  std::uint64_t sum = 0;
  for (const auto& row : rows) {
    sum += row.of.requests;
    if (row.key == "k" && row.model == usage_table::others) EXPECT_EQ(row.of.requests, 2u);
    if (row.model == "a") EXPECT_EQ(row.of.requests, 2u);
    if (row.key == usage_table::others) EXPECT_EQ(row.of.requests, 98u);
  }
  EXPECT_EQ(sum, 106u);
}

TEST(usage_table, what_is_not_used_any_more_makes_room) {
  usage_table table(2);
  table.add("k", "c", "a", h0, requests(1));
  table.add("k", "c", "b", h0, requests(1));
  EXPECT_EQ(table.take(10).size(), 2u);
  table.take(10);
  table.add("k", "c", "d", h0, requests(1));
  EXPECT_EQ(table.take(10).front().model, "d");
  EXPECT_FALSE(table.lost_details());
}

}  // namespace
}  // namespace frpx::gateway
