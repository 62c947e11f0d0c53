#include "identity/key_meter.hpp"

#include <gtest/gtest.h>

#include <thread>
#include <vector>

#include "identity/verdict.hpp"

namespace frpx::identity {
namespace {

using namespace std::chrono_literals;

const steady_time t0{1000s};

// How many of `tries` requests at one time are let in; none of them ends.
int admitted(key_meter& by, const store::key_limits& limits, steady_time now, int tries) {
  int count = 0;
  for (int i = 0; i < tries; ++i) count += by.enter(limits, now).admitted;
  return count;
}

TEST(key_meter, a_minutes_worth_may_come_at_once_and_no_more) {
  for (const std::uint32_t limit :
       {1U, 2U, 3U, 7U, 60U, 997U, 99'999U, store::key_limits::largest}) {
    key_meter meter;
    const int tries = static_cast<int>(limit) + 3;
    EXPECT_EQ(admitted(meter, {.per_minute = limit}, t0, tries), static_cast<int>(limit));
  }
}

TEST(key_meter, then_one_comes_whenever_its_share_of_the_minute_has_passed) {
  key_meter meter;
  const store::key_limits limits{.per_minute = 60};
  ASSERT_EQ(admitted(meter, limits, t0, 60), 60);
  EXPECT_EQ(admitted(meter, limits, t0 + 999ms, 1), 0);
  EXPECT_EQ(admitted(meter, limits, t0 + 1s, 2), 1);
  EXPECT_EQ(admitted(meter, limits, t0 + 11s, 20), 10);
  EXPECT_EQ(admitted(meter, limits, t0 + 10min, 100), 60) << "what was not used is not saved up";
}

TEST(key_meter, it_says_when_to_come_back_and_means_it) {
  for (const std::uint32_t limit : {1U, 2U, 7U, 60U, 600U}) {
    key_meter meter;
    const store::key_limits limits{.per_minute = limit};
    admitted(meter, limits, t0, static_cast<int>(limit));
    const auto refused = meter.enter(limits, t0);
    ASSERT_FALSE(refused.admitted);
    EXPECT_EQ(refused.retry_after,
              std::max(1s, std::chrono::ceil<std::chrono::seconds>(
                               std::chrono::duration<double>(60.0 / limit) - 1us)))
        << limit;
    EXPECT_TRUE(meter.enter(limits, t0 + refused.retry_after).admitted) << limit;
  }
}

TEST(key_meter, a_refused_request_costs_nothing) {
  key_meter meter;
  const store::key_limits limits{.per_minute = 2, .at_once = 1};
  ASSERT_TRUE(meter.enter(limits, t0).admitted);
  EXPECT_EQ(admitted(meter, limits, t0, 10), 0) << "one is inside";
  meter.leave();
  ASSERT_TRUE(meter.enter(limits, t0).admitted) << "what was refused took no share";
  meter.leave();
  EXPECT_EQ(admitted(meter, limits, t0, 10), 0) << "the minute is used up";
  EXPECT_TRUE(meter.enter(limits, t0 + 30s).admitted) << "and no place was kept";
}

TEST(key_meter, requests_at_once_are_counted_until_they_leave) {
  key_meter meter;
  const store::key_limits limits{.at_once = 2};
  EXPECT_EQ(admitted(meter, limits, t0, 5), 2);
  EXPECT_EQ(meter.enter(limits, t0).retry_after, 1s);
  meter.leave();
  EXPECT_EQ(admitted(meter, limits, t0, 5), 1);
}

TEST(key_meter, a_limit_that_changes_holds_at_once) {
  key_meter meter;
  ASSERT_EQ(admitted(meter, {.per_minute = 100}, t0, 50), 50);  // half a minute's worth
  EXPECT_EQ(admitted(meter, {.per_minute = 10}, t0, 100), 5);
  EXPECT_EQ(admitted(meter, {.per_minute = 1000}, t0, 1000), 0);
}

TEST(key_meter, is_exact_across_threads) {
  key_meter meter;
  const store::key_limits limits{.per_minute = 1000, .at_once = 600};
  std::atomic<int> inside{0};
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] { inside += admitted(meter, limits, t0, 1000); });
  }
  for (auto& each : threads) each.join();
  EXPECT_EQ(inside, 600);
  for (int i = 0; i < 600; ++i) meter.leave();
  EXPECT_EQ(admitted(meter, limits, t0, 1000), 400);
}

TEST(key_meter, what_others_took_is_not_there_any_more) {
  key_meter meter;
  const store::key_limits limits{.per_minute = 60};
  meter.take_out(20s, t0);
  EXPECT_EQ(admitted(meter, limits, t0, 60), 40);
  meter.take_out(20s, t0);  // they did not know of that yet
  const auto refused = meter.enter(limits, t0);
  EXPECT_EQ(refused.retry_after, 21s);
  EXPECT_EQ(admitted(meter, limits, t0 + 20s, 1), 0);
  EXPECT_EQ(admitted(meter, limits, t0 + 21s, 2), 1);
}

TEST(key_meter, the_debt_is_bounded) {
  key_meter meter;
  for (int i = 0; i < 100; ++i) meter.take_out(spending::largest, t0);
  const steady_time later = t0 + key_meter::largest_debt;
  EXPECT_EQ(admitted(meter, {.per_minute = 60}, later - 60s, 2), 0);
  EXPECT_EQ(admitted(meter, {.per_minute = 60}, later, 100), 60);
}

TEST(key_meter, what_it_let_in_is_told_once) {
  key_meter meter;
  const store::key_limits limits{.per_minute = 60, .at_once = 50};
  EXPECT_EQ(meter.take_untold(), 0s);
  ASSERT_EQ(admitted(meter, limits, t0, 60), 50);
  EXPECT_EQ(meter.take_untold(), 50s) << "and not what was refused";
  EXPECT_EQ(meter.take_untold(), 0s);
  meter.take_out(5s, t0);
  EXPECT_EQ(meter.take_untold(), 0s) << "what others took they tell themselves";
  ASSERT_EQ(admitted(meter, {}, t0, 3), 3);
  EXPECT_EQ(meter.take_untold(), 0s) << "nothing is taken where there is no limit";
}

TEST(key_place, leaves_once_however_it_is_moved) {
  const auto meter = std::make_shared<key_meter>();
  const store::key_limits limits{.at_once = 2};
  ASSERT_EQ(admitted(*meter, limits, t0, 2), 2);
  {
    key_place one(meter);
    key_place other(meter);
    other = std::move(one);
    EXPECT_EQ(admitted(*meter, limits, t0, 2), 1) << "what it held before is free";
    const key_place last(std::move(other));
  }
  EXPECT_EQ(admitted(*meter, limits, t0, 2), 1);
}

TEST(key_meters, a_key_keeps_its_meter_while_that_says_anything) {
  key_meters meters;
  const store::key_limits limits{.per_minute = 1};
  ASSERT_TRUE(meters.of("k", t0)->enter(limits, t0).admitted);
  meters.of("k", t0)->leave();
  for (int i = 0; i < 3000; ++i) meters.of(std::to_string(i), t0);
  EXPECT_FALSE(meters.of("k", t0)->enter(limits, t0).admitted);
}

TEST(key_meters, several_servers_count_together) {
  key_meters here;
  key_meters there;
  const store::key_limits limits{.per_minute = 60};
  ASSERT_EQ(admitted(*here.of("k", t0), limits, t0, 40), 40);
  ASSERT_EQ(admitted(*here.of("unused", t0), {}, t0, 1), 1);
  const auto told = here.take_untold();
  ASSERT_EQ(told.size(), 1u);
  EXPECT_EQ(told[0].key_id, "k");
  there.take_out(told[0], t0);  // no visitor came here with it before
  EXPECT_EQ(admitted(*there.of("k", t0), limits, t0, 60), 20);
  EXPECT_TRUE(here.take_untold().empty());
}

TEST(key_meters, others_make_no_more_than_the_bound) {
  key_meters meters;
  for (std::size_t i = 0; i < key_meters::most_by_others; ++i) {
    meters.take_out({"k" + std::to_string(i), 1s}, t0);
  }
  meters.take_out({"k0", 59s}, t0);
  meters.take_out({"one more", 60s}, t0);
  const store::key_limits limits{.per_minute = 60};
  EXPECT_EQ(admitted(*meters.of("k1", t0), limits, t0, 60), 59);
  EXPECT_EQ(admitted(*meters.of("k0", t0), limits, t0, 60), 0) << "known ones are counted on";
  EXPECT_EQ(admitted(*meters.of("one more", t0), limits, t0, 60), 60);
}

TEST(key_meters, what_says_nothing_any_more_is_forgotten) {
  key_meters meters;
  const std::weak_ptr<key_meter> seen = meters.of("k", t0);
  for (int i = 0; i < 3000; ++i) meters.of(std::to_string(i), t0);
  EXPECT_TRUE(seen.expired());
}

TEST(key_facts, lists_let_through_what_they_name_and_the_empty_list_everything) {
  key_facts key{"id", "name", "", {.models = {"llama3", "a/b:8b"}, .clients = {"box"}}};
  for (const char* model : {"llama3", "llama3:latest", "a/b:8b"}) {
    EXPECT_TRUE(key.may_use_model(model)) << model;
  }
  for (const char* model : {"", "llama", "llama3:8b", "Llama3", "a/b", "a/b:latest", "llama3 "}) {
    EXPECT_FALSE(key.may_use_model(model)) << model;
  }
  EXPECT_TRUE(key.may_use_client("box"));
  EXPECT_FALSE(key.may_use_client("box2"));
  EXPECT_FALSE(key.may_use_client(""));
  key.limits = {};
  EXPECT_TRUE(key.may_use_model("any"));
  EXPECT_TRUE(key.may_use_client("any"));
}

}  // namespace
}  // namespace frpx::identity
