#include "gateway/choice.hpp"

#include <gtest/gtest.h>

#include <map>
#include <set>
#include <string>

#include "gateway/model_answer.hpp"
#include "gateway/sticky.hpp"
#include "gateway/waiting_room.hpp"
#include "net/wakeup.hpp"
#include "tests/support/event_loop.hpp"

namespace frpx::gateway {
namespace {

using namespace std::chrono_literals;

class idle_session final : public tunnel::session {
 public:
  using session::session;
  boost::asio::awaitable<result<std::unique_ptr<net::stream>>> open(net::worker&,
                                                                    tunnel::stream_wish) override {
    co_return make_error_code(tunnel::errc::late);
  }
  void end(const std::string&) override {}
};

void settle(net::worker& on) {
  while (on.loop().turn(steady_time())) {
  }
}

// Two workers whose loops the test runs itself, so that it decides in which order.
class choice_test : public testing::Test {
 protected:
  std::shared_ptr<idle_session> add(const std::string& id, std::vector<std::string> models = {},
                                    std::uint32_t most = 0) {
    auto one = std::make_shared<idle_session>(tunnel::session_facts{
        .number = clients_.next_number(), .client_id = id, .most_in_flight = most});
    for (auto& each : models) one->models.push_back({.id = std::move(each)});
    EXPECT_FALSE(clients_.add(one, {}));
    run();
    return one;
  }
  void run() {
    for (int turn = 0; turn < 4; ++turn) {
      for (std::size_t i = 0; i < workers_.size(); ++i) {
        settle(workers_.at(i));
      }
    }
  }
  bool begin(choice& of, const choice_wish& wish = {}) {
    return of.begin(clients_.current(workers_.at(1)), wish);
  }
  // Whom it chooses in so many tries for as many requests.
  std::set<std::string> chosen(const choice_wish& wish = {}, int times = 60) {
    std::set<std::string> ids;
    for (int i = 0; i < times; ++i) {
      choice of(workers_.at(1), room_, rules_);
      slot place;
      if (begin(of, wish) && of.next(place) == choice::answer::chosen) {
        ids.insert(place.client()->facts().client_id);
      }
    }
    return ids;
  }
  using ids = std::set<std::string>;

  net::worker_pool workers_{2};
  tunnel::registry clients_{workers_, 100};
  waiting_room room_{workers_, clients_, 4};
  choice_rules rules_;
};

TEST_F(choice_test, a_named_client_then_its_model_then_all) {
  add("a", {"m"});
  add("b", {"M:latest"});
  add("c");
  EXPECT_EQ(chosen(), (ids{"a", "b", "c"}));
  EXPECT_EQ(chosen({.model = "m"}), (ids{"a", "b"}));
  EXPECT_EQ(chosen({.model = "other"}), (ids{"a", "b", "c"}));
  EXPECT_EQ(chosen({.client_id = "c", .model = "m"}), (ids{"c"}));
  EXPECT_EQ(chosen({.client_id = "nobody", .model = "m"}), (ids{"a", "b"}));
}

// What nobody reported may be one of the models that did not fit into somebody's list.
TEST_F(choice_test, an_unknown_model_goes_to_whoever_has_models_that_nobody_knows) {
  add("a", {"m"});
  const auto b = add("b", {"n"}, 1);
  b->models_left_out = 7;
  clients_.changed();
  run();
  for (const bool any : {true, false}) {
    rules_.any_for_unknown_model = any;
    EXPECT_EQ(chosen({.model = "other"}), (ids{"b"}));
    EXPECT_EQ(chosen({.model = "m"}), (ids{"a"}));
    EXPECT_EQ(chosen(), (ids{"a", "b"}));
  }
  choice waits(workers_.at(1), room_, rules_);
  slot taken;
  ASSERT_TRUE(begin(waits, {.model = "other"}));
  ASSERT_EQ(waits.next(taken), choice::answer::chosen);
  choice later(workers_.at(1), room_, rules_);
  slot place;
  ASSERT_TRUE(begin(later, {.model = "other"}));
  EXPECT_EQ(later.next(place), choice::answer::full);
  EXPECT_EQ(later.to_wait_for(), (wanted{wanted::kind::incomplete, {}}));
  taken = slot();
  const std::vector<std::string> only_a{"a"};
  rules_.any_for_unknown_model = true;
  EXPECT_EQ(chosen({.clients = &only_a, .model = "other"}), (ids{"a"})) << "b is not for this key";
}

TEST_F(choice_test, an_unknown_model_may_be_refused) {
  rules_.any_for_unknown_model = false;
  const auto is_served = [&](const choice_wish& wish) {
    choice of(workers_.at(1), room_, rules_);
    return begin(of, wish);
  };
  EXPECT_TRUE(is_served({.model = "m"})) << "without clients that is what is said";
  add("a", {"m"});
  EXPECT_FALSE(is_served({.model = "other"}));
  EXPECT_TRUE(is_served({.model = "m"}));
  EXPECT_TRUE(is_served({.client_id = "a", .model = "other"}));
  EXPECT_TRUE(is_served({}));
}

TEST_F(choice_test, tries_each_once_and_then_nobody) {
  add("a");
  add("b");
  choice of(workers_.at(1), room_, rules_);
  ASSERT_TRUE(begin(of));
  ids tried;
  slot place;
  for (int i = 0; i < 2; ++i) {
    EXPECT_TRUE(of.has_more());
    ASSERT_EQ(of.next(place), choice::answer::chosen);
    tried.insert(place.client()->facts().client_id);
  }
  EXPECT_EQ(tried, (ids{"a", "b"}));
  EXPECT_FALSE(of.has_more());
  EXPECT_EQ(of.next(place), choice::answer::nobody);
  of.forgive_last();
  EXPECT_TRUE(of.has_more());
}

TEST_F(choice_test, counts_a_place_exactly_as_long_as_it_is_held) {
  const auto a = add("a", {}, 1);
  choice of(workers_.at(1), room_, rules_);
  ASSERT_TRUE(begin(of));
  slot first;
  ASSERT_EQ(of.next(first), choice::answer::chosen);
  EXPECT_EQ(a->in_flight, 1U);
  slot moved = std::move(first);
  EXPECT_EQ(a->in_flight, 1U);
  slot second;
  choice another(workers_.at(1), room_, rules_);
  ASSERT_TRUE(begin(another));
  EXPECT_EQ(another.next(second), choice::answer::full);
  moved.release();
  moved.release();
  EXPECT_EQ(a->in_flight, 0U);
  EXPECT_EQ(another.next(second), choice::answer::chosen);
}

TEST_F(choice_test, prefers_who_has_the_model_loaded_while_it_is_at_ease) {
  const auto a = add("a", {"m"});
  add("b", {"m"});
  a->loaded = {"m:latest"};
  clients_.changed();
  run();
  EXPECT_EQ(chosen({.model = "m"}), (ids{"a"}));
  EXPECT_EQ(chosen(), (ids{"a", "b"}));
  a->in_flight = 4;
  EXPECT_EQ(chosen({.model = "m"}), (ids{"a", "b"}));
  a->draining = true;
  EXPECT_EQ(chosen({.model = "m"}), (ids{"b"}));
}

TEST_F(choice_test, who_fails_is_set_aside_and_is_the_last_resort) {
  const auto a = add("a");
  const auto b = add("b");
  a->health.failed(true, steady_clock::now(), rules_.health);
  EXPECT_EQ(chosen(), (ids{"b"}));
  b->health.report(false);
  EXPECT_EQ(chosen(), (ids{"a", "b"})) << "better than nobody";
  a->alive = false;
  EXPECT_EQ(chosen(), (ids{"b"}));
}

TEST_F(choice_test, one_request_tries_who_was_set_aside) {
  const auto a = add("a");
  add("b");
  rules_.health.first_pause = rules_.health.longest_pause = 1h;
  a->health.failed(true, steady_clock::now() - 2h, rules_.health);
  std::map<std::string, int> served;
  for (int i = 0; i < 200; ++i) {
    choice of(workers_.at(1), room_, rules_);
    slot place;
    ASSERT_TRUE(begin(of));
    ASSERT_EQ(of.next(place), choice::answer::chosen);
    ++served[place.client()->facts().client_id];
  }
  EXPECT_EQ(served["a"], 1);
}

// --- the waiting room ---

class waiting_room_test : public choice_test {
 protected:
  slot take(const std::shared_ptr<idle_session>& at) {
    EXPECT_TRUE(at->take_place());
    return slot(at, room_);
  }
  waiting_room::seat sit(net::wakeup& bell, std::string key = "k", wanted what = {},
                         std::vector<std::uint64_t> not_at = {}) {
    return waiting_room::seat(room_, workers_.at(1), bell, std::move(what), std::move(key),
                              std::move(not_at), {});
  }
  net::wakeup bell_{workers_.at(1).events()};
};

TEST_F(waiting_room_test, a_place_goes_to_who_waits_and_no_newcomer_gets_between) {
  const auto a = add("a", {}, 1);
  slot held = take(a);
  auto seat = sit(bell_);
  run();
  EXPECT_FALSE(seat.take());
  held.release();
  EXPECT_FALSE(a->take_place()) << "it is handed on, not set free";
  run();
  slot mine = seat.take();
  ASSERT_TRUE(mine);
  EXPECT_EQ(mine.client(), a);
  EXPECT_EQ(a->in_flight, 1U);
  EXPECT_EQ(room_.size(), 0U);
  mine.release();
  EXPECT_EQ(a->in_flight, 0U);
}

TEST_F(waiting_room_test, places_are_given_in_order_and_fairly_between_keys) {
  const auto a = add("a", {}, 1);
  slot held = take(a);
  auto first = sit(bell_, "greedy");
  auto second = sit(bell_, "greedy");
  auto third = sit(bell_, "modest");
  run();
  waiting_room::seat* order[] = {&first, &third, &second};
  for (waiting_room::seat* next : order) {
    held.release();
    run();
    held = next->take();
    ASSERT_TRUE(held);
  }
}

TEST_F(waiting_room_test, a_place_that_became_free_on_the_way_is_not_missed) {
  const auto a = add("a", {}, 1);
  slot held = take(a);
  auto seat = sit(bell_);  // its ticket is on its way to the home worker
  held.release();
  run();
  EXPECT_TRUE(seat.take());
}

TEST_F(waiting_room_test, who_leaves_loses_its_turn_and_its_place_goes_on) {
  const auto a = add("a", {}, 1);
  slot held = take(a);
  std::optional<waiting_room::seat> gone;
  std::optional<waiting_room::seat> given;
  gone.emplace(room_, workers_.at(1), bell_, wanted{}, "k", std::vector<std::uint64_t>{},
               std::vector<std::string>{});
  given.emplace(room_, workers_.at(1), bell_, wanted{}, "k", std::vector<std::uint64_t>{},
                std::vector<std::string>{});
  auto stays = sit(bell_);
  run();
  gone.reset();
  run();
  EXPECT_EQ(room_.size(), 2U);
  held.release();
  run();
  given.reset();  // with a place that it was given and never took
  run();
  EXPECT_TRUE(stays.take());
  EXPECT_EQ(a->in_flight, 0U);
}

TEST_F(waiting_room_test, a_grant_that_meets_nobody_is_given_back) {
  const auto a = add("a", {}, 1);
  slot held = take(a);
  std::optional<waiting_room::seat> seat;
  seat.emplace(room_, workers_.at(1), bell_, wanted{}, "k", std::vector<std::uint64_t>{},
               std::vector<std::string>{});
  run();
  held.release();
  settle(workers_.home());  // the grant is on its way
  seat.reset();
  run();
  EXPECT_EQ(a->in_flight, 0U);
  EXPECT_EQ(room_.size(), 0U);
}

TEST_F(waiting_room_test, only_a_place_that_fits_is_given) {
  const auto a = add("a", {"Qwen"}, 1);
  const auto b = add("b", {}, 1);
  slot at_a = take(a);
  slot at_b = take(b);
  auto model = sit(bell_, "k", {wanted::kind::model, "qwen"});
  auto named = sit(bell_, "k", {wanted::kind::client, "b"});
  auto tried = sit(bell_, "k", {}, {a->facts().number, b->facts().number});
  run();
  at_a.release();
  at_b.release();
  run();
  EXPECT_EQ(model.take().client(), a);
  run();
  EXPECT_EQ(named.take().client(), b);
  EXPECT_FALSE(tried.take());
}

TEST_F(waiting_room_test, a_client_that_comes_serves_who_waits) {
  const auto a = add("a", {}, 1);
  clients_.on_change([this] { room_.look_around(); });
  const slot held = take(a);
  auto first = sit(bell_);
  auto second = sit(bell_);
  run();
  const auto b = add("b", {}, 2);
  EXPECT_TRUE(first.take());
  EXPECT_TRUE(second.take());
}

TEST_F(waiting_room_test, is_bounded) {
  const auto a = add("a", {}, 1);
  const slot held = take(a);
  auto one = sit(bell_);
  auto two = sit(bell_);
  auto three = sit(bell_);
  auto four = sit(bell_);
  auto five = sit(bell_);
  run();
  EXPECT_FALSE(four.refused());
  EXPECT_TRUE(five.refused());
  EXPECT_EQ(room_.size(), 4U);
}

// --- sticky, and the lists ---

TEST(sticky, what_the_option_may_say) {
  for (const char* good : {"key", "prompt", "header:X-Session", "cookie:SID"}) {
    EXPECT_TRUE(parse_sticky(good)) << good;
  }
  for (const char* bad : {"", "Key", "header", "header:", "header:a b", "cookie:", "body:x"}) {
    EXPECT_FALSE(parse_sticky(bad)) << bad;
  }
}

TEST(sticky, what_a_request_sticks_to) {
  const auto stuck = [](std::string_view rule, std::string_view fields,
                        std::string_view key = "k") {
    const std::string text = "GET / HTTP/1.1\r\nHost: x\r\n" + std::string(fields) + "\r\n";
    http::request_head head;
    EXPECT_FALSE(http::parse_request(text, {}, head)) << text;
    return sticks_to(*parse_sticky(rule), head, key);
  };
  EXPECT_EQ(stuck("header:X-Session", "x-session: 1\r\n"),
            stuck("header:x-session", "X-Session: 1\r\n"));
  EXPECT_NE(stuck("header:X-Session", "X-Session: 1\r\n"),
            stuck("header:X-Session", "X-Session: 2\r\n"));
  EXPECT_FALSE(stuck("header:X-Session", "X-Other: 1\r\n"));
  EXPECT_FALSE(stuck("header:X-Session", "X-Session:\r\n"));
  EXPECT_EQ(stuck("cookie:sid", "Cookie: a=b; sid=7; c=d\r\n"),
            stuck("cookie:sid", "Cookie: sid=7\r\n"));
  EXPECT_EQ(stuck("cookie:sid", "Cookie: a=b\r\nCookie: sid=7\r\n"),
            stuck("cookie:sid", "Cookie: sid=7\r\n"));
  EXPECT_FALSE(stuck("cookie:sid", "Cookie: asid=7; sids=8; =sid\r\n"));
  EXPECT_NE(stuck("key", "", "one"), stuck("key", "", "two"));
  EXPECT_FALSE(stuck("prompt", ""));
}

TEST_F(choice_test, the_lists_of_models_have_the_fields_that_programs_read) {
  const auto a = add("a", {"qwen2.5", "llama3"});
  a->models[1].created = 1'700'000'000;
  a->models[1].size = 4661224676;
  a->models[1].family = "llama";
  add("b", {"Qwen2.5:latest", "hid\"den"});
  clients_.changed();
  run();
  const auto list = [&](llm::dialect form) {
    return list_models(
        *clients_.current(workers_.home()), form,
        [](const tunnel::routed_model& one) { return !one.as_reported.id.starts_with("hid"); });
  };
  EXPECT_EQ(list(llm::dialect::openai),
            R"({"object":"list","data":[)"
            R"({"id":"llama3","object":"model","created":1700000000,"owned_by":"library"},)"
            R"({"id":"qwen2.5","object":"model","created":0,"owned_by":"library"}]})");
  EXPECT_TRUE(
      list(llm::dialect::ollama)
          .starts_with(
              R"({"models":[{"name":"llama3","model":"llama3",)"
              R"("modified_at":"2023-11-14T22:13:20.000000Z","size":4661224676,"digest":"",)"
              R"("details":{"parent_model":"","format":"","family":"llama",)"
              R"("families":["llama"],"parameter_size":"","quantization_level":""}},)"))
      << list(llm::dialect::ollama);
}

}  // namespace
}  // namespace frpx::gateway
