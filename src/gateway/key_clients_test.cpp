// A key's list of clients holds for those who wait as well.
#include <gtest/gtest.h>

#include "gateway/fair_queue.hpp"

namespace frpx::gateway {
namespace {

std::uint64_t next_at(fair_queue& queue, std::uint64_t session, std::string_view client) {
  const auto taken = queue.take(session, client, [](const wanted&) { return true; });
  return taken ? taken->ticket : 0;
}

TEST(key_clients, who_waits_is_given_no_place_beyond_its_list) {
  fair_queue queue(10);
  queue.push({.ticket = 1, .what = {}, .key = "k1", .not_at = {}, .only_at = {"b", "c"}});
  queue.push({.ticket = 2, .what = {}, .key = "k2", .not_at = {}, .only_at = {}});
  queue.push({.ticket = 3, .what = {}, .key = "k3", .not_at = {7}, .only_at = {"c"}});
  EXPECT_EQ(next_at(queue, 5, "a"), 2u) << "the first in line may not go there";
  EXPECT_EQ(next_at(queue, 5, "a"), 0u);
  EXPECT_EQ(next_at(queue, 6, "b"), 1u);
  EXPECT_EQ(next_at(queue, 7, "c"), 0u) << "it was there already";
  EXPECT_EQ(next_at(queue, 8, "c"), 3u);
  EXPECT_EQ(queue.size(), 0u);
}

}  // namespace
}  // namespace frpx::gateway
