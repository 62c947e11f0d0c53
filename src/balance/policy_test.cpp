#include "balance/policy.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <string>
#include <vector>

namespace frpx::balance {
namespace {

constexpr std::array all_policies = {policy::random, policy::round_robin, policy::least_inflight,
                                     policy::p2c, policy::sticky};

std::vector<ring::member> members(std::size_t count, std::uint32_t weight = 1) {
  std::vector<ring::member> made;
  for (std::size_t i = 0; i < count; ++i) {
    made.push_back({hash_of("client-" + std::to_string(i)), weight});
  }
  return made;
}

struct known_field : field {
  explicit known_field(std::span<const ring::member> members, const field* former = nullptr) {
    learn(members, true, former);
  }
};

constexpr auto everyone = [](std::size_t) { return true; };
constexpr auto idle = [](std::size_t) { return load{}; };

TEST(policy, names_go_both_ways) {
  for (const policy each : all_policies) EXPECT_EQ(policy_named(name_of(each)), each);
  EXPECT_FALSE(policy_named("Random"));
  EXPECT_FALSE(policy_named(""));
}

TEST(policy, none_finds_one_where_none_is_and_each_finds_the_last_that_is_left) {
  quick_random random(1);
  for (const policy each : all_policies) {
    for (const std::size_t size : {0U, 1U, 2U, 33U, 1000U}) {
      const known_field of(members(size));
      EXPECT_FALSE(of.choose(each, 7, random, [](std::size_t) { return false; }, idle));
      if (size == 0) continue;
      const std::size_t last = size / 2;
      for (int i = 0; i < 20; ++i) {
        const auto only = [&](std::size_t one) { return one == last; };
        EXPECT_EQ(of.choose(each, i, random, only, idle), last) << name_of(each) << " of " << size;
      }
    }
  }
}

TEST(policy, shares_follow_the_weights) {
  std::vector<ring::member> some = members(4);
  const std::array<std::uint32_t, 4> weights = {1, 2, 3, 10};
  for (std::size_t i = 0; i < 4; ++i) some[i].weight = weights[i];
  const known_field of(some);
  for (const policy each : {policy::random, policy::round_robin, policy::sticky}) {
    quick_random random(5);
    std::array<double, 4> seen{};
    for (int i = 0; i < 32'000; ++i) {
      ++seen[*of.choose(each, mix(static_cast<std::uint64_t>(i)), random, everyone, idle)];
    }
    // A ring of 16 points is even to a few per cent at best.
    const double slack = each == policy::sticky ? 0.4 : 0.06;
    for (std::size_t i = 0; i < 4; ++i) {
      EXPECT_NEAR(seen[i], 2000 * weights[i], 2000 * weights[i] * slack) << name_of(each) << i;
    }
  }
}

TEST(policy, round_robin_takes_turns_and_goes_on_in_the_next_snapshot) {
  quick_random random(1);
  const known_field first(members(3));
  std::vector<std::size_t> order;
  for (int i = 0; i < 4; ++i) {
    order.push_back(*first.choose(policy::round_robin, {}, random, everyone, idle));
  }
  EXPECT_EQ(order, (std::vector<std::size_t>{0, 1, 2, 0}));
  const known_field second(members(3), &first);
  EXPECT_EQ(second.choose(policy::round_robin, {}, random, everyone, idle), 1U);
}

TEST(policy, weighted_round_robin_keeps_each_share_at_every_moment) {
  quick_random random(1);
  std::vector<ring::member> some = members(2);
  some[1].weight = 3;
  const known_field of(some);
  int first = 0;
  for (int i = 1; i <= 4000; ++i) {
    first += of.choose(policy::round_robin, {}, random, everyone, idle) == 0U;
    EXPECT_NEAR(first, i / 4.0, 6.0) << "after " << i;
  }
}

TEST(policy, the_least_loaded_is_found_among_few_and_nearly_among_many) {
  quick_random random(2);
  for (const std::size_t size : {2U, 32U, 10'000U}) {
    const known_field of(members(size));
    double sum = 0;
    for (int i = 0; i < 200; ++i) {
      const auto busy = [&](std::size_t one) {
        return load{static_cast<std::uint32_t>(one * 1000 / size)};
      };
      sum += busy(*of.choose(policy::least_inflight, {}, random, everyone, busy)).in_flight;
    }
    if (size <= 32) EXPECT_EQ(sum, 0);
    EXPECT_LT(sum / 200, 60) << "of a thousand, with " << size;
  }
}

TEST(policy, weight_counts_as_much_as_load) {
  quick_random random(3);
  const known_field of(members(2));
  // 5 of weight 10 are less than 1 of weight 1.
  const auto busy = [](std::size_t one) { return one == 0 ? load{1, 1} : load{5, 10}; };
  for (int i = 0; i < 10'000; ++i) {
    EXPECT_EQ(of.choose(policy::least_inflight, {}, random, everyone, busy), 1U);
    EXPECT_EQ(of.choose(policy::p2c, {}, random, everyone, busy), 1U);
  }
}

TEST(policy, equal_load_is_decided_by_chance) {
  quick_random random(4);
  const known_field of(members(3));
  for (const policy each : {policy::least_inflight, policy::p2c}) {
    std::array<int, 3> seen{};
    for (int i = 0; i < 3000; ++i) ++seen[*of.choose(each, {}, random, everyone, idle)];
    for (const int count : seen) EXPECT_NEAR(count, 1000, 200) << name_of(each);
  }
}

TEST(ring, who_leaves_moves_its_own_share_alone) {
  const ring all(members(10));
  std::vector<ring::member> fewer = members(10);
  fewer.erase(fewer.begin() + 4);
  const ring rest(fewer);
  std::size_t moved = 0;
  for (std::uint64_t key = 0; key < 5000; ++key) {
    const std::size_t before = *all.choose(key, everyone);
    const std::size_t after = *rest.choose(key, everyone);
    const std::size_t renamed = after < 4 ? after : after + 1;
    if (before != 4) {
      ASSERT_EQ(renamed, before) << key;
    } else {
      ++moved;
    }
    // One that is not usable is as good as gone.
    EXPECT_EQ(all.choose(key, [](std::size_t one) { return one != 4; }), renamed) << key;
  }
  EXPECT_NEAR(static_cast<double>(moved), 500, 200);
}

TEST(ring, shares_are_even) {
  for (const std::size_t size : {3U, 10U, 100U}) {
    const ring of(members(size));
    std::vector<double> seen(size);
    const double mean = 400;
    for (std::uint64_t key = 0; key < static_cast<std::uint64_t>(mean) * size; ++key) {
      ++seen[*of.choose(mix(key), everyone)];
    }
    EXPECT_LT(*std::max_element(seen.begin(), seen.end()), 1.4 * mean) << size;
  }
}

TEST(ring, does_not_depend_on_the_order) {
  std::vector<ring::member> some = members(7);
  const ring forwards(some);
  std::reverse(some.begin(), some.end());
  const ring backwards(some);
  for (std::uint64_t key = 0; key < 500; ++key) {
    EXPECT_EQ(*forwards.choose(key, everyone), 6 - *backwards.choose(key, everyone));
  }
}

TEST(hash, is_the_published_one_and_the_same_in_pieces) {
  text_hasher whole;
  whole.add("foobar");
  text_hasher pieces;
  pieces.add("foo");
  pieces.add("");
  pieces.add("bar");
  EXPECT_EQ(whole.value(), pieces.value());
  EXPECT_EQ(whole.value(), mix(0x85944171f73967e8)) << "FNV-1a's own example";
}

}  // namespace
}  // namespace frpx::balance
