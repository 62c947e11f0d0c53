// What every store promises of usage.
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

TEST_P(store_contract, a_list_of_usage_is_bounded) {
  std::vector<usage_row> rows;
  for (std::size_t i = 0; i <= longest_page; ++i) {
    rows.push_back(some_usage("k", "c", std::to_string(i).c_str(), h0, 1));
  }
  ASSERT_TRUE(db().add_usage("b", rows));
  EXPECT_EQ(db().sum_usage(usage_by::model, h0, h0 + 1h)->size(), longest_page);
}

}  // namespace
}  // namespace frpx::store
