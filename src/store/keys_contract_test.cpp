// What every store promises of keys.
#include "store/contract_fixture.hpp"

namespace frpx::store {
namespace {

using namespace std::chrono_literals;

TEST_P(store_contract, a_key_is_found_by_its_text_alone) {
  api_key row = some_key("k1", "the text");
  row.owner = "u1";
  row.expires = wall_clock::now() + 1h;
  ASSERT_TRUE(db().add_key(row));
  const auto found = db().find_key(secret("the text"));
  ASSERT_TRUE(found);
  EXPECT_EQ(found->id, "k1");
  EXPECT_EQ(found->name, "name of k1");
  EXPECT_EQ(found->owner, "u1");
  EXPECT_EQ(found->hash, sha256("the text"));
  EXPECT_EQ(found->status, key_status::active);
  EXPECT_EQ(found->created, t0);
  EXPECT_EQ(found->expires, std::chrono::floor<std::chrono::microseconds>(*row.expires));
  EXPECT_FALSE(found->last_used);
  EXPECT_FALSE(found->expired);
  EXPECT_EQ(db().find_key(secret("another")).error(), errc::not_found);
  EXPECT_EQ(db().find_key(secret()).error(), errc::not_found);
}

TEST_P(store_contract, the_store_says_which_keys_have_expired) {
  api_key past = some_key("k1", "past");
  past.expires = wall_clock::now() - 1s;
  ASSERT_TRUE(db().add_key(past));
  ASSERT_TRUE(db().add_key(some_key("k2", "never")));
  EXPECT_TRUE(db().find_key(secret("past"))->expired);
  EXPECT_FALSE(db().find_key(secret("never"))->expired);
  EXPECT_FALSE(db().find_key(secret("never"))->expires);
  const auto listed = db().list_keys({});
  ASSERT_EQ(listed->size(), 2u);
  EXPECT_TRUE((*listed)[0].expired);
  EXPECT_FALSE((*listed)[1].expired);
}

TEST_P(store_contract, a_second_key_with_id_hash_or_active_name_is_refused) {
  ASSERT_TRUE(db().add_key(some_key("k1", "one")));
  EXPECT_EQ(db().add_key(some_key("k1", "two")).error(), errc::already_exists);
  EXPECT_EQ(db().add_key(some_key("k2", "one")).error(), errc::already_exists);
  api_key same_name = some_key("k2", "two");
  same_name.name = "name of k1";
  EXPECT_EQ(db().add_key(same_name).error(), errc::already_exists);
  ASSERT_TRUE(db().revoke_key("k1"));
  EXPECT_TRUE(db().add_key(same_name));
}

TEST_P(store_contract, a_key_is_revoked_by_id_or_name) {
  ASSERT_TRUE(db().add_key(some_key("k1", "one")));
  ASSERT_TRUE(db().add_key(some_key("k2", "two")));
  const auto by_id = db().revoke_key("k1");
  ASSERT_TRUE(by_id);
  EXPECT_EQ(by_id->id, "k1");
  EXPECT_EQ(by_id->status, key_status::revoked);
  const auto by_name = db().revoke_key("name of k2");
  ASSERT_TRUE(by_name);
  EXPECT_EQ(by_name->id, "k2");
  EXPECT_EQ(db().find_key(secret("one"))->status, key_status::revoked);
  EXPECT_EQ(db().find_key(secret("two"))->status, key_status::revoked);
  EXPECT_EQ(db().revoke_key("k1")->id, "k1");
  EXPECT_EQ(db().revoke_key("name of k1").error(), errc::not_found);
  EXPECT_EQ(db().revoke_key("k3").error(), errc::not_found);
}

TEST_P(store_contract, revoking_prefers_an_id_to_a_name) {
  ASSERT_TRUE(db().add_key(some_key("b", "one")));
  api_key named_so = some_key("a", "two");
  named_so.name = "b";
  ASSERT_TRUE(db().add_key(named_so));
  EXPECT_EQ(db().revoke_key("b")->id, "b");
  EXPECT_EQ(db().find_key(secret("two"))->status, key_status::active);
}

TEST_P(store_contract, it_says_which_of_many_keys_are_valid) {
  api_key past = some_key("k1", "past");
  past.expires = wall_clock::now() - 2s;
  ASSERT_TRUE(db().add_key(past));
  ASSERT_TRUE(db().add_key(some_key("k2", "revoked")));
  ASSERT_TRUE(db().revoke_key("k2"));
  api_key later = some_key("k3", "later");
  later.expires = wall_clock::now() + 1h;
  ASSERT_TRUE(db().add_key(later));
  ASSERT_TRUE(db().add_key(some_key("k4", "never")));
  std::vector<std::string> valid;
  for (const valid_key& each : *db().valid_keys({"k1", "k2", "k3", "k4", "k5", "a\"b\\c"})) {
    valid.push_back(each.id);
  }
  std::sort(valid.begin(), valid.end());
  EXPECT_EQ(valid, (std::vector<std::string>{"k3", "k4"}));
  EXPECT_TRUE(db().valid_keys({})->empty());
  EXPECT_EQ(*db().hash_plain_keys(), 0u);
}

TEST_P(store_contract, a_key_has_its_limits) {
  api_key row = some_key("k1", "one");
  row.limits = {60, 4, {"llama3:8b", "a/b"}, {"box-1", "box_2"}};
  ASSERT_TRUE(db().add_key(row));
  ASSERT_TRUE(db().add_key(some_key("k2", "two")));
  EXPECT_EQ(db().find_key(secret("one"))->limits, row.limits);
  EXPECT_EQ(db().find_key(secret("two"))->limits, key_limits());
  EXPECT_EQ(db().list_keys({})->at(0).limits, row.limits);
  EXPECT_EQ(db().list_keys({})->at(1).limits, key_limits());
  const auto valid = db().valid_keys({"k1"});
  ASSERT_EQ(valid->size(), 1u);
  EXPECT_EQ(valid->front().limits, row.limits);
  EXPECT_EQ(db().revoke_key("k1")->limits, row.limits);
}

TEST_P(store_contract, a_keys_limits_change_one_by_one) {
  ASSERT_TRUE(db().add_key(some_key("k1", "one")));
  EXPECT_EQ(db().change_key("k1", {.per_minute = 60})->limits, (key_limits{60, 0, {}, {}}));
  EXPECT_EQ(db().change_key("name of k1", {.at_once = 4})->limits, (key_limits{60, 4, {}, {}}));
  const std::vector<std::string> models{"m1", "m2"};
  EXPECT_EQ(db().change_key("k1", {.models = models})->limits, (key_limits{60, 4, models, {}}));
  const std::vector<std::string> clients{"c"};
  EXPECT_EQ(db().change_key("k1", {.clients = clients})->limits,
            (key_limits{60, 4, models, clients}));
  const key_change none{.per_minute = 0, .models = std::vector<std::string>()};
  EXPECT_EQ(db().change_key("k1", none)->limits, (key_limits{0, 4, {}, clients}));
  EXPECT_EQ(db().find_key(secret("one"))->limits, (key_limits{0, 4, {}, clients}));
  EXPECT_EQ(db().change_key("k1", {})->id, "k1");
  EXPECT_EQ(db().change_key("k2", {.at_once = 1}).error(), errc::not_found);
}

TEST_P(store_contract, a_keys_end_is_changed_and_taken_away) {
  ASSERT_TRUE(db().add_key(some_key("k1", "one")));
  ASSERT_TRUE(db().add_key(some_key("k2", "two")));
  const wall_time later = t0 + std::chrono::years(50);
  const auto changed = db().change_key("name of k1", {.per_minute = 60, .expires = later});
  EXPECT_EQ(changed->expires, later);
  EXPECT_FALSE(changed->expired);
  EXPECT_EQ(changed->limits.per_minute, 60u);
  EXPECT_EQ(db().find_key(secret("one"))->expires, later);
  EXPECT_EQ(db().valid_keys({"k1"})->at(0).expires, later);
  EXPECT_FALSE(db().find_key(secret("two"))->expires) << "another key is left as it is";
  EXPECT_FALSE(db().valid_keys({"k2"})->at(0).expires);
  EXPECT_EQ(db().change_key("k1", {.at_once = 1})->expires, later) << "who says nothing of it";

  EXPECT_TRUE(db().change_key("k1", {.expires = t0 - 1h})->expired);
  EXPECT_TRUE(db().valid_keys({"k1"})->empty());
  EXPECT_FALSE(db().change_key("k1", {.expires = std::optional<wall_time>()})->expires);
  EXPECT_EQ(db().valid_keys({"k1"})->size(), 1u) << "one that had expired is good again";
  ASSERT_TRUE(db().revoke_key("k1"));
  EXPECT_EQ(db().change_key("k1", {.expires = later})->status, key_status::revoked);
  EXPECT_TRUE(db().valid_keys({"k1"})->empty());
}

TEST_P(store_contract, a_keys_limits_are_bounded) {
  const std::vector<std::string> longest(key_limits::longest_list, std::string(128, 'c'));
  const std::vector<std::string> too_long(key_limits::longest_list + 1, "c");
  const std::vector<std::string> long_models(key_limits::longest_list, std::string(256, 'm'));
  api_key row = some_key("k1", "one");
  row.limits = {key_limits::largest, key_limits::largest, long_models, longest};
  ASSERT_TRUE(db().add_key(row));
  EXPECT_EQ(db().find_key(secret("one"))->limits, row.limits);
  const key_change wrong[] = {
      {.per_minute = key_limits::largest + 1},
      {.at_once = key_limits::largest + 1},
      {.models = too_long},
      {.models = std::vector<std::string>{std::string(257, 'm')}},
      {.models = std::vector<std::string>{"a,b"}},
      {.models = std::vector<std::string>{""}},
      {.models = std::vector<std::string>{"a b"}},
      {.clients = too_long},
      {.clients = std::vector<std::string>{"a,b"}},
      {.clients = std::vector<std::string>{std::string(129, 'c')}},
  };
  for (const key_change& each : wrong) {
    EXPECT_EQ(db().change_key("k1", each).error(), errc::bad_value) << &each - wrong;
  }
  row = some_key("k2", "two");
  row.limits.models = {"a,b"};
  EXPECT_EQ(db().add_key(row).error(), errc::bad_value);
}

}  // namespace
}  // namespace frpx::store
