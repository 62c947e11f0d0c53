#include "identity/key_checker.hpp"

#include <gtest/gtest.h>

#include <thread>

#include "identity/api_keys.hpp"
#include "identity/test_store.hpp"

namespace frpx::identity {
namespace {

using namespace std::chrono_literals;

const steady_time t0{1000s};

class keys : public testing::Test {
 protected:
  // Adds a key and returns its text.
  std::string add(const std::string& name, std::optional<wall_time> expires = {}) {
    new_key made = make_key(name, "u1", expires, wall_clock::now());
    EXPECT_TRUE(store_.add_key(made.row));
    return made.text.reveal();
  }

  test_store store_;
  key_checker checker_{store_, {}};
};

TEST_F(keys, a_new_key_is_readable_random_and_kept_as_hash) {
  const new_key one = make_key("n", "", {}, wall_clock::now());
  const new_key two = make_key("n", "", {}, wall_clock::now());
  EXPECT_TRUE(one.text.reveal().starts_with("frpx_"));
  EXPECT_EQ(one.text.reveal().size(), 48u);  // with 43 characters of 6 bits: 256 bits
  EXPECT_NE(one.text.reveal(), two.text.reveal());
  EXPECT_NE(one.row.id, two.row.id);
  EXPECT_EQ(one.row.hash, sha256(one.text.reveal()));
}

TEST_F(keys, a_valid_key_is_asked_for_once_and_then_known) {
  const std::string key = add("n");
  EXPECT_FALSE(checker_.cached(key, t0));
  const verdict first = checker_.check(key, t0);
  EXPECT_TRUE(first.is_valid());
  EXPECT_EQ(first.fault, key_fault::none);
  EXPECT_EQ(first.by, answered_by::database);
  ASSERT_TRUE(first.key);
  EXPECT_EQ(first.key->name, "n");
  EXPECT_EQ(first.key->owner, "u1");
  const auto second = checker_.cached(key, t0 + 5s - 1ns);
  ASSERT_TRUE(second);
  EXPECT_TRUE(second->is_valid());
  EXPECT_EQ(second->by, answered_by::process);
  EXPECT_EQ(second->key->id, first.key->id);
  EXPECT_FALSE(second->due);
  EXPECT_EQ(store_.key_questions, 1);
  EXPECT_EQ(checker_.count(answered_by::process), 1u);
  EXPECT_EQ(checker_.count(answered_by::database), 1u);
}

TEST_F(keys, an_answer_that_ages_serves_while_it_is_renewed) {
  const std::string key = add("n");
  ASSERT_TRUE(checker_.check(key, t0).is_valid());
  for (const auto age : {5000ms, 300'000ms - 1ms}) {
    const auto aged = checker_.cached(key, t0 + age);
    ASSERT_TRUE(aged);
    EXPECT_TRUE(aged->is_valid());
    EXPECT_TRUE(aged->due);
  }
  EXPECT_FALSE(checker_.cached(key, t0 + 300s));
  ASSERT_TRUE(checker_.check(key, t0 + 6s).is_valid());
  EXPECT_EQ(store_.key_questions, 2);
  EXPECT_FALSE(checker_.cached(key, t0 + 7s)->due);
}

TEST_F(keys, many_who_ask_for_one_key_at_once_ask_the_store_once) {
  const std::string key = add("n");
  std::atomic<int> valid{0};
  std::vector<std::thread> others;
  store_.after_key_answer = [&] {  // while the first question is under way
    if (!others.empty()) return;
    for (int i = 0; i < 8; ++i) {
      others.emplace_back([&] { valid += checker_.check(key, t0).is_valid(); });
    }
  };
  EXPECT_TRUE(checker_.check(key, t0).is_valid());
  for (auto& each : others) each.join();
  EXPECT_EQ(valid, 8);
  EXPECT_EQ(store_.key_questions, 1);
}

TEST_F(keys, a_wrong_key_is_known_as_wrong) {
  const verdict first = checker_.check("wrong", t0);
  EXPECT_EQ(first.outcome, standing::invalid);
  EXPECT_EQ(first.fault, key_fault::unknown);
  EXPECT_FALSE(first.key);
  EXPECT_EQ(checker_.cached("wrong", t0 + 4s)->fault, key_fault::unknown);
  EXPECT_FALSE(checker_.cached("wrong", t0 + 5s));
  EXPECT_FALSE(checker_.cached("wrong2", t0));
}

TEST_F(keys, revoked_and_expired_keys_are_named_but_invalid) {
  const std::string revoked = add("r");
  ASSERT_TRUE(store_.revoke_key("r"));
  const std::string expired = add("e", wall_clock::now() - 1s);
  EXPECT_EQ(checker_.check(revoked, t0).fault, key_fault::revoked);
  EXPECT_EQ(checker_.check(expired, t0).fault, key_fault::expired);
  EXPECT_EQ(checker_.cached(expired, t0)->outcome, standing::invalid);
  EXPECT_EQ(checker_.cached(expired, t0)->key->name, "e");
}

TEST_F(keys, what_cannot_be_a_key_is_not_looked_up) {
  for (const std::string& key : {std::string(), std::string(longest_key + 1, 'k')}) {
    EXPECT_EQ(checker_.cached(key, t0)->fault, key_fault::unsuitable);
    EXPECT_EQ(checker_.check(key, t0).outcome, standing::invalid);
  }
  EXPECT_EQ(store_.key_questions, 0);
  EXPECT_EQ(checker_.check(std::string(longest_key, 'k'), t0).fault, key_fault::unknown);
  EXPECT_EQ(store_.key_questions, 1);
}

TEST_F(keys, neither_answer_nor_grace_outlives_the_key) {
  const std::string key = add("n", wall_clock::now() + 3s);
  ASSERT_TRUE(checker_.check(key, t0).is_valid());
  EXPECT_TRUE(checker_.cached(key, t0 + 1s));
  EXPECT_FALSE(checker_.cached(key, t0 + 3s + 1ms));
  store_.fault = store::errc::unavailable;
  EXPECT_EQ(checker_.check(key, t0 + 3s + 1ms).outcome, standing::unavailable);
}

TEST_F(keys, wrong_keys_do_not_push_out_good_ones) {
  key_checker small(store_, {.valid_capacity = 128, .invalid_capacity = 128});
  const std::string key = add("n");
  ASSERT_TRUE(small.check(key, t0).is_valid());
  for (int i = 0; i < 5000; ++i) (void)small.check("wrong" + std::to_string(i), t0 + 1s);
  ASSERT_TRUE(small.cached(key, t0 + 1s));
  EXPECT_TRUE(small.cached(key, t0 + 1s)->is_valid());
}

// --- changes

TEST_F(keys, refresh_forgets_when_the_store_has_changed_and_only_then) {
  const std::string key = add("n");
  ASSERT_TRUE(checker_.refresh());
  ASSERT_TRUE(checker_.check(key, t0).is_valid());
  ASSERT_FALSE(checker_.check("wrong", t0).is_valid());
  ASSERT_TRUE(checker_.refresh());
  EXPECT_TRUE(checker_.cached(key, t0));
  EXPECT_TRUE(checker_.cached("wrong", t0));
  ASSERT_TRUE(store_.revoke_key("n"));
  ASSERT_TRUE(checker_.refresh());
  EXPECT_FALSE(checker_.cached(key, t0));
  EXPECT_FALSE(checker_.cached("wrong", t0));
  EXPECT_EQ(checker_.check(key, t0).fault, key_fault::revoked);
}

TEST_F(keys, refresh_says_whether_anything_changed) {
  EXPECT_EQ(*checker_.refresh(), key_checker::news::changed);  // as far as anybody knows
  EXPECT_EQ(*checker_.refresh(), key_checker::news::none);
  (void)add("n");
  EXPECT_EQ(*checker_.refresh(), key_checker::news::changed);
}

TEST_F(keys, limits_come_with_the_verdict_and_a_change_is_heard_of) {
  const std::string key = add("n");
  ASSERT_TRUE(checker_.refresh());
  EXPECT_FALSE(checker_.check(key, t0).key->meter) << "nothing is to be counted";
  ASSERT_TRUE(store_.change_key("n", {.models = std::vector<std::string>{"m"}}));
  ASSERT_TRUE(checker_.refresh());
  EXPECT_FALSE(checker_.cached(key, t0)) << "what was known is no longer true";
  EXPECT_FALSE(checker_.check(key, t0).key->may_use_model("other"));
  EXPECT_FALSE(checker_.cached(key, t0)->key->meter);
  ASSERT_TRUE(store_.change_key("n", {.per_minute = 1}));
  ASSERT_TRUE(checker_.refresh());
  const verdict limited = checker_.check(key, t0);
  ASSERT_TRUE(limited.key->meter);
  EXPECT_TRUE(limited.key->meter->enter(limited.key->limits, t0).admitted);
  ASSERT_TRUE(store_.change_key("n", {.per_minute = 2}));
  ASSERT_TRUE(checker_.refresh());
  EXPECT_EQ(checker_.check(key, t0).key->meter, limited.key->meter) << "it counts on";
}

TEST_F(keys, a_key_whose_end_is_changed_serves_no_longer_and_no_shorter_than_that) {
  const std::string key = add("n", wall_clock::now() + 1h);
  ASSERT_TRUE(checker_.refresh());
  ASSERT_TRUE(checker_.check(key, t0).is_valid());
  ASSERT_TRUE(store_.change_key("n", {.expires = wall_clock::now() + 1s}));
  ASSERT_TRUE(checker_.refresh());
  EXPECT_FALSE(checker_.cached(key, t0)) << "what was known lasts too long";
  ASSERT_TRUE(checker_.check(key, t0).is_valid());
  EXPECT_TRUE(checker_.cached(key, t0));
  EXPECT_FALSE(checker_.cached(key, t0 + 2s));
  ASSERT_TRUE(store_.change_key("n", {.expires = wall_clock::now() - 1s}));
  ASSERT_TRUE(checker_.refresh());
  EXPECT_EQ(checker_.check(key, t0).fault, key_fault::expired);
  EXPECT_FALSE(checker_.cached(key, t0)->is_valid());
  ASSERT_TRUE(store_.change_key("n", {.expires = std::optional<wall_time>()}));
  ASSERT_TRUE(checker_.refresh());
  EXPECT_FALSE(checker_.cached(key, t0)) << "nor is it known as expired any more";
  EXPECT_TRUE(checker_.check(key, t0).is_valid());
  EXPECT_TRUE(checker_.cached(key, t0 + 2s));
}

TEST_F(keys, a_change_elsewhere_leaves_good_keys_known_without_asking_for_each) {
  const std::string key = add("n");
  ASSERT_TRUE(checker_.check(key, t0).is_valid());
  (void)add("other");
  ASSERT_TRUE(checker_.refresh());
  ASSERT_TRUE(checker_.cached(key, t0 + 1s));
  EXPECT_TRUE(checker_.cached(key, t0 + 1s)->is_valid());
  EXPECT_EQ(store_.key_questions, 1);
}

TEST_F(keys, what_was_answered_before_the_first_refresh_is_not_trusted) {
  const std::string key = add("n");
  ASSERT_TRUE(checker_.check(key, t0).is_valid());
  ASSERT_TRUE(store_.revoke_key("n"));
  ASSERT_TRUE(checker_.refresh());
  EXPECT_FALSE(checker_.cached(key, t0));
}

TEST_F(keys, an_answer_outdated_on_its_way_is_not_kept) {
  const std::string key = add("n");
  ASSERT_TRUE(checker_.refresh());
  bool overtaken = false;
  store_.after_key_answer = [&] {
    if (std::exchange(overtaken, true)) return;
    ASSERT_TRUE(store_.revoke_key("n"));
    ASSERT_TRUE(checker_.refresh());
  };
  EXPECT_TRUE(checker_.check(key, t0).is_valid());
  EXPECT_FALSE(checker_.cached(key, t0));
  EXPECT_FALSE(checker_.check(key, t0).is_valid());
}

TEST_F(keys, a_refusal_ends_the_grace) {
  const std::string key = add("n");
  ASSERT_TRUE(checker_.check(key, t0).is_valid());
  ASSERT_TRUE(store_.revoke_key("n"));
  EXPECT_EQ(checker_.check(key, t0 + 6s).fault, key_fault::revoked);
  store_.fault = store::errc::unavailable;
  EXPECT_EQ(checker_.check(key, t0 + 20s).outcome, standing::unavailable);
}

// --- the store away

TEST_F(keys, with_the_store_away_a_known_key_stays_valid_and_no_other) {
  const std::string key = add("n");
  const std::string unseen = add("m");
  ASSERT_TRUE(checker_.check(key, t0).is_valid());
  store_.fault = store::errc::busy;
  const verdict still = checker_.check(key, t0 + 10min);
  EXPECT_TRUE(still.is_valid());
  EXPECT_EQ(still.by, answered_by::process);
  EXPECT_EQ(still.key->name, "n");
  EXPECT_EQ(checker_.check(unseen, t0 + 10min).outcome, standing::unavailable);
  EXPECT_EQ(checker_.check("wrong", t0 + 10min).fault, key_fault::store_away);
  // Without any check on the pool as well.
  EXPECT_FALSE(checker_.cached(key, t0 + 1h)->due);
  EXPECT_EQ(checker_.check(key, t0 + 1h + 5min - 1ms).outcome, standing::valid);
  EXPECT_EQ(checker_.check(key, t0 + 1h + 5min).outcome, standing::unavailable);
}

TEST_F(keys, a_store_that_failed_is_let_alone_until_refresh_finds_it_again) {
  const std::string key = add("n");
  store_.fault = store::errc::unavailable;
  for (int i = 0; i < 100; ++i) {
    EXPECT_EQ(checker_.check("k" + std::to_string(i), t0).outcome, standing::unavailable);
  }
  EXPECT_EQ(store_.key_questions, 1);
  EXPECT_FALSE(checker_.refresh());
  store_.fault = {};
  EXPECT_EQ(checker_.check(key, t0 + 1s).outcome, standing::unavailable);
  ASSERT_TRUE(checker_.refresh());
  EXPECT_TRUE(checker_.check(key, t0 + 1s).is_valid());
}

TEST_F(keys, an_unavailable_store_is_never_remembered_as_a_wrong_key) {
  const std::string key = add("n");
  store_.fault = store::errc::unavailable;
  (void)checker_.check(key, t0);
  EXPECT_FALSE(checker_.cached(key, t0));
  EXPECT_FALSE(checker_.refresh());
}

// --- the fixed key

TEST_F(keys, the_fixed_key_is_valid_beside_the_embedded_store) {
  const key_checker checker(store_, {.fixed_key = secret("static")});
  const auto known = checker.cached("static", t0);
  ASSERT_TRUE(known);
  EXPECT_TRUE(known->is_valid());
  EXPECT_EQ(known->by, answered_by::fixed);
  EXPECT_FALSE(checker.cached("stati", t0));
  EXPECT_FALSE(checker_.cached("static", t0));
}

TEST_F(keys, the_fixed_key_can_be_for_a_store_that_is_away_alone) {
  key_checker checker(
      store_, {.fixed_key = secret("static"), .fixed_rule = fixed_key_rule::while_store_is_away});
  EXPECT_EQ(checker.check("static", t0).fault, key_fault::unknown);
  store_.fault = store::errc::unavailable;
  EXPECT_TRUE(checker.check("static", t0 + 10s).is_valid());
  EXPECT_EQ(checker.cached("static", t0 + 10s)->by, answered_by::fixed);
  EXPECT_EQ(checker.check("other", t0 + 10s).outcome, standing::unavailable);
  store_.fault = {};
  ASSERT_TRUE(checker.refresh());
  EXPECT_FALSE(checker.check("static", t0 + 11s).is_valid());
}

// --- last use

TEST_F(keys, the_last_use_is_written_once_a_minute) {
  const std::string key = add("n");
  ASSERT_TRUE(checker_.check(key, t0).is_valid());
  const auto last_use = [&] { return store_.list_keys({})->front().last_used; };
  EXPECT_FALSE(last_use());
  ASSERT_TRUE(checker_.refresh());
  const auto first = last_use();
  ASSERT_TRUE(first);
  EXPECT_LT(wall_clock::now() - *first, 1min);
  ASSERT_TRUE(checker_.check(key, t0 + 10s).is_valid());
  ASSERT_TRUE(checker_.refresh());
  EXPECT_EQ(last_use(), first);

  // As if the last use were long ago.
  test_store other;
  new_key old = make_key("old", "", {}, wall_clock::now());
  old.row.last_used = wall_clock::now() - 61s;
  ASSERT_TRUE(other.add_key(old.row));
  key_checker second(other, {});
  ASSERT_TRUE(second.check(old.text.reveal(), t0).is_valid());
  ASSERT_TRUE(second.refresh());
  EXPECT_LT(wall_clock::now() - *other.list_keys({})->front().last_used, 1min);
}

TEST_F(keys, a_refused_key_is_not_used) {
  const std::string key = add("n");
  ASSERT_TRUE(store_.revoke_key("n"));
  (void)checker_.check(key, t0);
  ASSERT_TRUE(checker_.refresh());
  EXPECT_FALSE(store_.list_keys({})->front().last_used);
}

}  // namespace
}  // namespace frpx::identity
