#include "gateway/fair_queue.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace frpx::gateway {
namespace {

constexpr auto all = [](const wanted&) { return true; };
const wanted anywhere;
const wanted qwen{wanted::kind::model, "qwen"};

class fair_queue_test : public testing::Test {
 protected:
  std::optional<std::uint64_t> push(std::uint64_t ticket, std::string key, wanted what = {}) {
    return queue_.push({ticket, std::move(what), std::move(key), {}, {}});
  }
  template <class Fits>
  std::vector<std::uint64_t> take_all(Fits fits) {
    std::vector<std::uint64_t> order;
    while (const auto next = queue_.take(0, "c", fits)) order.push_back(next->ticket);
    return order;
  }
  using tickets = std::vector<std::uint64_t>;

  fair_queue queue_{6};
};

TEST_F(fair_queue_test, one_key_is_served_in_its_order) {
  for (std::uint64_t i = 1; i <= 3; ++i) EXPECT_FALSE(push(i, "a"));
  EXPECT_EQ(take_all(all), (tickets{1, 2, 3}));
  EXPECT_EQ(queue_.size(), 0U);
}

TEST_F(fair_queue_test, keys_take_turns) {
  for (std::uint64_t i = 1; i <= 4; ++i) push(i, "greedy");
  push(5, "modest");
  push(6, "third");
  EXPECT_EQ(take_all(all), (tickets{1, 5, 6, 2, 3, 4}));
}

TEST_F(fair_queue_test, who_comes_later_gets_no_arrears) {
  for (std::uint64_t i = 1; i <= 4; ++i) push(i, "a");
  EXPECT_EQ(queue_.take(0, "c", all)->ticket, 1U);
  EXPECT_EQ(queue_.take(0, "c", all)->ticket, 2U);
  push(5, "b");
  push(6, "b");
  EXPECT_EQ(take_all(all), (tickets{3, 5, 4, 6}));
}

TEST_F(fair_queue_test, only_those_whom_the_place_fits_are_asked) {
  push(1, "a", anywhere);
  push(2, "a", qwen);
  push(3, "b", qwen);
  EXPECT_EQ(take_all([](const wanted& what) { return what == qwen; }), (tickets{3, 2}));
  EXPECT_EQ(take_all(all), (tickets{1}));
}

TEST_F(fair_queue_test, nobody_gets_a_place_that_it_has_tried) {
  queue_.push({1, {}, "a", {7}, {}});
  queue_.push({2, {}, "b", {}, {"c"}});
  EXPECT_EQ(queue_.take(7, "c", all)->ticket, 2U);
  EXPECT_FALSE(queue_.take(7, "c", all));
  EXPECT_EQ(queue_.take(8, "c", all)->ticket, 1U);
}

TEST_F(fair_queue_test, nobody_gets_a_place_at_a_client_that_its_key_may_not_use) {
  queue_.push({1, {}, "a", {}, {"other"}});
  EXPECT_FALSE(queue_.take(7, "c", all));
  EXPECT_EQ(queue_.take(7, "other", all)->ticket, 1U);
}

TEST_F(fair_queue_test, the_greediest_key_gives_up_its_last_when_it_is_full) {
  for (std::uint64_t i = 1; i <= 5; ++i) push(i, "greedy");
  EXPECT_FALSE(push(6, "modest"));
  EXPECT_EQ(push(7, "modest"), 5U);
  EXPECT_EQ(push(8, "greedy"), 8U) << "itself";
  EXPECT_EQ(queue_.size(), 6U);
  EXPECT_EQ(take_all(all), (tickets{1, 6, 2, 7, 3, 4}));
}

TEST_F(fair_queue_test, of_equally_greedy_keys_the_newcomer_gives_way) {
  for (std::uint64_t i = 1; i <= 3; ++i) push(i, "a");
  for (std::uint64_t i = 4; i <= 6; ++i) push(i, "b");
  EXPECT_EQ(push(7, "b"), 7U);
  EXPECT_EQ(push(8, "a"), 8U);
}

TEST_F(fair_queue_test, a_queue_without_places_refuses_all) {
  fair_queue none(0);
  EXPECT_EQ(none.push({1, {}, "a", {}, {}}), 1U);
  EXPECT_EQ(none.size(), 0U);
}

TEST_F(fair_queue_test, who_leaves_is_forgotten) {
  push(1, "a");
  push(2, "b", qwen);
  EXPECT_TRUE(queue_.remove(1));
  EXPECT_FALSE(queue_.remove(1));
  EXPECT_TRUE(queue_.remove(2));
  EXPECT_FALSE(queue_.take(0, "c", all));
}

}  // namespace
}  // namespace frpx::gateway
