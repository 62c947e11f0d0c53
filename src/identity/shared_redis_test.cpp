// Two servers that share a real Redis in front of one store.
#include <gtest/gtest.h>

#include "identity/api_keys.hpp"
#include "identity/key_checker.hpp"
#include "identity/key_entry.hpp"
#include "identity/test_store.hpp"
#include "tests/support/real_servers.hpp"

namespace frpx::identity {
namespace {

using namespace std::chrono_literals;

// Its own Redis, for it is stopped.
test::redis_server& redis() {
  static test::redis_server own;
  return own;
}

class shared_redis : public testing::Test {
 protected:
  ~shared_redis() override {
    redis().resume();
    redis().stop();
    redis().start();
  }
  // What one server has: its own memory and its own connections.
  struct server {
    explicit server(store::store& of, const std::string& scope,
                    std::chrono::milliseconds patience = 20s)
        : shared(cache::parse_redis_url(redis().url()).value(), scope, patience),
          keys(of, {.shared = &shared}) {}
    cache::redis_cache shared;
    key_checker keys;
  };

  std::string add(const std::string& name, std::optional<wall_time> expires = {}) {
    new_key made = make_key(name, "u1", expires, wall_clock::now());
    EXPECT_TRUE(store_.add_key(made.row));
    return made.text.reveal();
  }
  void SetUp() override {
    ASSERT_TRUE(here_.keys.refresh());
    ASSERT_TRUE(there_.keys.refresh());
  }

  const steady_time now_ = steady_clock::now();
  const std::string scope_ = random_hex(8);
  test_store store_;
  server here_{store_, scope_};
  server there_{store_, scope_};
};

TEST_F(shared_redis, what_one_server_found_out_the_other_need_not_ask) {
  const std::string key = add("n");
  ASSERT_TRUE(here_.keys.refresh());
  ASSERT_TRUE(there_.keys.refresh());
  EXPECT_EQ(here_.keys.check(key, now_).by, answered_by::database);
  const verdict said = there_.keys.check(key, now_);
  EXPECT_TRUE(said.is_valid());
  EXPECT_EQ(said.by, answered_by::redis);
  EXPECT_EQ(said.key->name, "n");
  EXPECT_EQ(there_.keys.cached(key, now_)->by, answered_by::process);
  EXPECT_EQ(there_.keys.count(answered_by::redis), 1u);

  EXPECT_FALSE(here_.keys.check("wrong", now_).is_valid());
  EXPECT_EQ(there_.keys.check("wrong", now_).fault, key_fault::unknown);
  EXPECT_EQ(there_.keys.count(answered_by::redis), 2u);
  EXPECT_EQ(store_.key_questions, 2);
}

TEST_F(shared_redis, neither_keys_nor_hashes_without_a_scope_stand_in_it) {
  const std::string key = add("n");
  ASSERT_TRUE(here_.keys.refresh());
  ASSERT_TRUE(here_.keys.check(key, now_).is_valid());
  auto raw = cache::redis_connection::open(cache::parse_redis_url(redis().url()).value(),
                                           steady_clock::now() + 5s)
                 .value();
  const auto names = raw.ask({"KEYS", "*"}, steady_clock::now() + 5s).value();
  ASSERT_EQ(names.elements.size(), 1u);
  const std::string name = names.elements[0].text;
  EXPECT_TRUE(name.starts_with("frpx:")) << name;
  EXPECT_TRUE(name.ends_with(":" + entry_name(key))) << name;
  const std::string text = raw.ask({"GET", name}, steady_clock::now() + 5s)->text;
  EXPECT_EQ((name + text).find(key), std::string::npos);
  const auto life = raw.ask({"PTTL", name}, steady_clock::now() + 5s)->number;
  EXPECT_GT(life, 290'000);
  EXPECT_LE(life, 300'000);

  (void)here_.keys.check("wrong", now_);
  const auto both = raw.ask({"KEYS", "*"}, steady_clock::now() + 5s).value();
  ASSERT_EQ(both.elements.size(), 2u);
  for (const auto& each : both.elements) {
    if (each.text == name) continue;
    EXPECT_LE(raw.ask({"PTTL", each.text}, steady_clock::now() + 5s)->number, 30'000);
  }
}

TEST_F(shared_redis, servers_of_another_database_share_nothing) {
  const std::string key = add("n");
  ASSERT_TRUE(here_.keys.refresh());
  ASSERT_TRUE(here_.keys.check(key, now_).is_valid());
  test_store other;
  server stranger(other, "another");
  ASSERT_TRUE(stranger.keys.refresh());
  EXPECT_EQ(stranger.keys.check(key, now_).fault, key_fault::unknown);
}

TEST_F(shared_redis, an_answer_from_before_a_change_is_not_trusted) {
  const std::string key = add("n");
  ASSERT_TRUE(here_.keys.refresh());
  ASSERT_TRUE(here_.keys.check(key, now_).is_valid());
  ASSERT_TRUE(store_.revoke_key("n"));
  ASSERT_TRUE(there_.keys.refresh());
  EXPECT_EQ(there_.keys.check(key, now_).fault, key_fault::revoked);
}

TEST_F(shared_redis, an_announcement_is_heard_by_all) {
  const std::string key = add("n");
  ASSERT_TRUE(here_.keys.refresh());
  ASSERT_TRUE(there_.shared.announce());
  EXPECT_TRUE(
      test::wait_until([&] { return *here_.keys.refresh() == key_checker::news::changed; }, 1s));
  EXPECT_EQ(*here_.keys.refresh(), key_checker::news::none);
}

TEST_F(shared_redis, nothing_outlives_the_key) {
  const std::string key = add("n", wall_clock::now() + 1min);
  ASSERT_TRUE(here_.keys.refresh());
  ASSERT_TRUE(there_.keys.refresh());
  ASSERT_TRUE(here_.keys.check(key, now_).is_valid());
  ASSERT_EQ(there_.keys.check(key, now_).by, answered_by::redis);
  EXPECT_TRUE(there_.keys.cached(key, now_));
  EXPECT_FALSE(there_.keys.cached(key, now_ + 1min + 1ms));
}

TEST_F(shared_redis, an_entry_that_has_outlived_its_key_or_its_time_is_not_trusted) {
  // What stands there longer than it should: clocks of two machines differ.
  const auto asks_whom = [&](const std::string& name, std::optional<wall_time> expires,
                             wall_clock::duration age) {
    const std::string key = add(name, expires);
    EXPECT_TRUE(there_.keys.refresh());
    const auto facts = std::make_shared<const key_facts>(key_facts{"id", name, "u1"});
    const key_entry entry{
        .change = store_.change_count().value(),
        .asked = wall_clock::now() - age,
        .expires = expires,
        .said = {.outcome = standing::valid, .fault = key_fault::none, .key = facts}};
    EXPECT_TRUE(here_.shared.put(entry_name(key), to_text(entry), 1min));
    return there_.keys.check(key, now_).by;
  };
  EXPECT_EQ(asks_whom("for ever", {}, 0s), answered_by::redis);
  EXPECT_EQ(asks_whom("for an hour", wall_clock::now() + 1h, 0s), answered_by::redis);
  EXPECT_EQ(asks_whom("ended", wall_clock::now() - 1ms, 0s), answered_by::database);
  EXPECT_EQ(asks_whom("old", {}, 4min), answered_by::redis);
  EXPECT_EQ(asks_whom("too old", {}, 5min), answered_by::database);
}

TEST_F(shared_redis, with_the_store_away_from_the_start_it_answers) {
  const std::string key = add("n");
  ASSERT_TRUE(here_.keys.refresh());
  ASSERT_TRUE(here_.keys.check(key, now_).is_valid());
  store_.fault = store::errc::unavailable;
  server late(store_, scope_);
  EXPECT_FALSE(late.keys.refresh());
  EXPECT_TRUE(late.keys.check(key, now_).is_valid());
  EXPECT_EQ(late.keys.check("unseen", now_).outcome, standing::unavailable);
}

TEST_F(shared_redis, requests_per_minute_are_counted_together) {
  const std::string key = add("n");
  const store::key_limits limits{.per_minute = 6};
  ASSERT_TRUE(store_.change_key("n", {.per_minute = limits.per_minute}));
  ASSERT_TRUE(here_.keys.refresh());
  ASSERT_TRUE(there_.keys.refresh());
  const auto enters = [&](server& at) {
    return at.keys.check(key, now_).key->meter->enter(limits, steady_clock::now()).admitted;
  };
  const auto hears = [&](server& at) {
    const auto meter = at.keys.check(key, now_).key->meter;
    return test::wait_until([&] {
      (void)at.keys.refresh();
      return !meter->is_idle(steady_clock::now());
    });
  };
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(enters(here_));
  ASSERT_TRUE(here_.keys.refresh());  // tells it
  ASSERT_TRUE(hears(there_));
  ASSERT_TRUE(here_.keys.refresh());
  EXPECT_TRUE(enters(here_)) << "what it told itself is not counted twice";
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(enters(there_));
  EXPECT_FALSE(enters(there_));
  server late(store_, scope_);  // which has heard of none of it
  ASSERT_TRUE(late.keys.refresh());
  ASSERT_TRUE(there_.keys.refresh());
  ASSERT_TRUE(hears(late));
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(enters(late));
  EXPECT_FALSE(enters(late));
}

TEST_F(shared_redis, without_it_the_store_is_asked_and_it_is_used_again_when_it_is_back) {
  const std::string key = add("n");
  ASSERT_TRUE(here_.keys.refresh());
  EXPECT_TRUE(here_.keys.shared_answers());
  redis().stop();
  EXPECT_TRUE(here_.keys.check(key, now_).is_valid());
  ASSERT_TRUE(here_.keys.refresh());
  EXPECT_FALSE(here_.keys.shared_answers());
  redis().start();
  EXPECT_TRUE(test::wait_until([&] {
    (void)here_.keys.refresh();
    return here_.keys.shared_answers();
  }));
  ASSERT_TRUE(here_.keys.check(add("m"), now_).is_valid());
}

TEST_F(shared_redis, one_that_hangs_costs_its_patience_once) {
  const std::string one = add("one");
  const std::string two = add("two");
  server hurried(store_, scope_, 250ms);
  ASSERT_TRUE(hurried.keys.refresh());
  redis().freeze();
  steady_time began = steady_clock::now();
  EXPECT_TRUE(hurried.keys.check(one, now_).is_valid());
  EXPECT_LT(steady_clock::now() - began, 2s);
  began = steady_clock::now();
  EXPECT_TRUE(hurried.keys.check(two, now_).is_valid());
  EXPECT_LT(steady_clock::now() - began, 200ms);
}

TEST_F(shared_redis, both_away_leave_what_is_known) {
  const std::string key = add("n");
  ASSERT_TRUE(here_.keys.refresh());
  ASSERT_TRUE(here_.keys.check(key, now_).is_valid());
  store_.fault = store::errc::unavailable;
  redis().stop();
  EXPECT_FALSE(here_.keys.refresh());
  EXPECT_TRUE(here_.keys.cached(key, now_ + 10min)->is_valid());
  EXPECT_TRUE(here_.keys.check(key, now_ + 10min).is_valid());
  EXPECT_EQ(here_.keys.check("other", now_).outcome, standing::unavailable);
}

}  // namespace
}  // namespace frpx::identity
