// What every store promises of usage.
#include <map>

#include "store/contract_fixture.hpp"

namespace frpx::store {
namespace {

using namespace std::chrono_literals;

usage_row some_usage(const char* key, const char* client, const char* model, wall_time hour,
                     std::uint64_t requests) {
  return {key, client, model, hour, {requests, 1, 10, 100, 1000, 10'000}};
}

const wall_time h0 = std::chrono::floor<std::chrono::hours>(t0);

TEST_P(store_contract, usage_adds_up_by_key_client_and_model) {
  const usage_row first[] = {some_usage("k1", "c1", "m1", h0, 2),
                             some_usage("k1", "c1", "m1", h0 + 1h, 3),
                             some_usage("k2", "c2", "m1", h0, 4), some_usage("k2", "", "", h0, 1)};
  const usage_row again[] = {some_usage("k1", "c1", "m1", h0, 5),
                             some_usage("k1", "c1", "m1", h0, 6)};
  ASSERT_TRUE(db().add_usage("b1", first));
  ASSERT_TRUE(db().add_usage("b2", again));
  const auto by_key = db().sum_usage(usage_by::key, h0, h0 + 2h).value();
  ASSERT_EQ(by_key.size(), 2u);
  EXPECT_EQ(by_key[0].name, "k1");
  EXPECT_EQ(by_key[0].of, (usage{16, 4, 40, 400, 4000, 40'000}));
  EXPECT_EQ(by_key[1].name, "k2");
  EXPECT_EQ(by_key[1].of, (usage{5, 2, 20, 200, 2000, 20'000}));
  const auto by_client = db().sum_usage(usage_by::client, h0, h0 + 2h).value();
  ASSERT_EQ(by_client.size(), 3u);
  EXPECT_EQ(by_client[2].name, "");
  EXPECT_EQ(by_client[2].of.requests, 1u);
  const auto by_model = db().sum_usage(usage_by::model, h0, h0 + 2h).value();
  ASSERT_EQ(by_model.size(), 2u);
  EXPECT_EQ(by_model[0].name, "m1");
  EXPECT_EQ(by_model[0].of.requests, 20u);
}

TEST_P(store_contract, usage_is_summed_from_one_hour_to_before_another) {
  const usage_row rows[] = {some_usage("k", "c", "m", h0, 1), some_usage("k", "c", "m", h0 + 1h, 2),
                            some_usage("k", "c", "m", h0 + 2h, 4)};
  ASSERT_TRUE(db().add_usage("b", rows));
  EXPECT_EQ(db().sum_usage(usage_by::key, h0 + 1h, h0 + 2h)->at(0).of.requests, 2u);
  EXPECT_EQ(db().sum_usage(usage_by::key, h0 + 1s, h0 + 3h)->at(0).of.requests, 6u);
  EXPECT_TRUE(db().sum_usage(usage_by::key, h0 + 3h, h0 + 9h)->empty());
  EXPECT_EQ(*db().remove_usage_before(h0 + 2h), 2u);
  EXPECT_EQ(db().sum_usage(usage_by::key, h0, h0 + 9h)->at(0).of.requests, 4u);
}

TEST_P(store_contract, usage_with_equal_requests_comes_by_name) {
  const usage_row rows[] = {some_usage("b", "c", "m", h0, 1), some_usage("a", "c", "m", h0, 1),
                            some_usage("B", "c", "m", h0, 1)};
  ASSERT_TRUE(db().add_usage("b", rows));
  const auto sums = db().sum_usage(usage_by::key, h0, h0 + 1h).value();
  ASSERT_EQ(sums.size(), 3u);
  EXPECT_EQ(sums[0].name + sums[1].name + sums[2].name, "Bab");
}

TEST_P(store_contract, a_batch_of_usage_counts_once) {
  const usage_row rows[] = {some_usage("k", "c", "m", h0, 1)};
  ASSERT_TRUE(db().add_usage("b", rows));
  ASSERT_TRUE(db().add_usage("b", rows));
  EXPECT_EQ(db().sum_usage(usage_by::key, h0, h0 + 1h)->at(0).of.requests, 1u);
  ASSERT_TRUE(db().add_usage("other", rows));
  EXPECT_EQ(db().sum_usage(usage_by::key, h0, h0 + 1h)->at(0).of.requests, 2u);
}

TEST_P(store_contract, a_bad_row_of_usage_spoils_its_batch_and_no_other) {
  usage_row rows[] = {some_usage("k", "c", "m", h0, 1), some_usage("not a name", "c", "m", h0, 1)};
  EXPECT_EQ(db().add_usage("b", rows).error(), errc::bad_value);
  rows[1] = some_usage("k", "a b", "m", h0, 1);
  EXPECT_EQ(db().add_usage("b", rows).error(), errc::bad_value);
  rows[1] = some_usage("k", "c", "m\n", h0, 1);
  EXPECT_EQ(db().add_usage("b", rows).error(), errc::bad_value);
  rows[1] = some_usage("k", "c", "m", h0 + 1s, 1);
  EXPECT_EQ(db().add_usage("b", rows).error(), errc::bad_value);
  EXPECT_EQ(db().add_usage("not a name", {}).error(), errc::bad_value);
  EXPECT_TRUE(db().sum_usage(usage_by::key, h0, h0 + 2h)->empty());
  rows[1] = some_usage("k", "c", "'; DROP TABLE usage; -- \\ \" {,} \xe6\x93\x8d", h0, 1);
  ASSERT_TRUE(db().add_usage("b", rows));
  EXPECT_EQ(db().sum_usage(usage_by::model, h0, h0 + 1h)->front().name, rows[1].model);
}

std::vector<usage_row> many_models(const char* key, const std::string& model, std::size_t count,
                                   wall_time hour = h0) {
  std::vector<usage_row> rows;
  for (std::size_t i = 0; i < count; ++i) {
    rows.push_back(some_usage(key, "c", (model + std::to_string(i)).c_str(), hour, 1));
  }
  return rows;
}

TEST_P(store_contract, rows_of_a_key_and_an_hour_are_bounded_and_the_rest_is_one_row) {
  const auto sums = [&](usage_by by, wall_time hour = h0) {
    std::map<std::string, std::uint64_t> requests;
    for (const usage_sum& each : db().sum_usage(by, hour, hour + 1h).value()) {
      requests[each.name] = each.of.requests;
    }
    return requests;
  };
  const std::string other(other_usage);
  ASSERT_TRUE(db().add_usage("b1", many_models("k", "a", usage_rows_per_hour - 1)));
  EXPECT_EQ(sums(usage_by::model).size(), usage_rows_per_hour - 1);
  // One has room, nineteen have not; those that are there already are not among the rest.
  auto more = many_models("k", "b", 20);
  more.push_back(some_usage("k", "c", "a7", h0, 100));
  more.push_back(some_usage("k", "c", "b3", h0, 50));
  ASSERT_TRUE(db().add_usage("b2", more));
  auto by_model = sums(usage_by::model);
  EXPECT_EQ(by_model.size(), usage_rows_per_hour + 1);
  EXPECT_EQ(by_model["a7"], 101U);
  std::uint64_t new_ones = by_model[other];
  for (const auto& [name, requests] : by_model) new_ones += name.starts_with('b') ? requests : 0;
  EXPECT_EQ(new_ones, 70U) << "nothing is lost";
  // However much more comes, there is no further row.
  ASSERT_TRUE(db().add_usage("b3", many_models("k", "z", usage_rows_per_hour)));
  by_model = sums(usage_by::model);
  EXPECT_EQ(by_model.size(), usage_rows_per_hour + 1);
  EXPECT_EQ(sums(usage_by::key)["k"], 2 * usage_rows_per_hour - 1 + 170);
  EXPECT_EQ(sums(usage_by::client).size(), 2U);
  EXPECT_EQ(sums(usage_by::client)[other], by_model[other]);
  // Another key, or hour, has room of its own.
  ASSERT_TRUE(db().add_usage("b4", many_models("j", "j", 3)));
  ASSERT_TRUE(db().add_usage("b5", many_models("k", "y", 3, h0 + 1h)));
  EXPECT_TRUE(sums(usage_by::model).contains("j2"));
  EXPECT_TRUE(sums(usage_by::model, h0 + 1h).contains("y2"));
  EXPECT_EQ(*db().remove_usage_before(h0 + 1h), usage_rows_per_hour + 1 + 3);
}

TEST_P(store_contract, a_batch_larger_than_an_hour_has_rows_for_is_bounded) {
  ASSERT_TRUE(db().add_usage("b", many_models("k", "m", usage_rows_per_hour + 10)));
  const auto by_model = db().sum_usage(usage_by::model, h0, h0 + 1h).value();
  EXPECT_EQ(by_model.size(), usage_rows_per_hour + 1);
  EXPECT_EQ(by_model.front().name, other_usage);
  EXPECT_EQ(by_model.front().of, (usage{10, 10, 100, 1000, 10'000, 100'000}));
}

TEST_P(store_contract, a_list_of_usage_is_bounded) {
  std::vector<usage_row> rows;
  for (std::size_t i = 0; i <= longest_page; ++i) {
    const std::string key = "k" + std::to_string(i % 4);
    rows.push_back(some_usage(key.c_str(), "c", std::to_string(i).c_str(), h0, 1));
  }
  ASSERT_TRUE(db().add_usage("b", rows));
  EXPECT_EQ(db().sum_usage(usage_by::model, h0, h0 + 1h)->size(), longest_page);
}

}  // namespace
}  // namespace frpx::store
