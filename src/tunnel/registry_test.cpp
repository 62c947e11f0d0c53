#include "tunnel/registry.hpp"

#include <gtest/gtest.h>

namespace frpx::tunnel {
namespace {

using namespace std::chrono_literals;

class quiet_session final : public session {
 public:
  using session::session;
  boost::asio::awaitable<result<std::unique_ptr<net::stream>>> open(net::worker&,
                                                                    stream_wish) override {
    co_return make_error_code(errc::late);
  }
  void end(const std::string& why) override { ended = why; }

  std::string ended;
};

void settle(net::worker& on) {
  while (on.loop().turn(steady_time())) {
  }
}

class registry_test : public testing::Test {
 protected:
  std::shared_ptr<quiet_session> make(const std::string& id) {
    return std::make_shared<quiet_session>(
        session_facts{.number = clients_.next_number(), .client_id = id, .user_id = "u"});
  }
  const routing& published() {
    settle(workers_.home());
    return *clients_.current(workers_.home());
  }

  net::worker_pool workers_{1};
  registry clients_{workers_, 3};
};

TEST_F(registry_test, publishes_who_is_there_by_id_and_by_model) {
  const auto a = make("a");
  const auto b = make("b");
  a->models = {{.id = "llama"}, {.id = "llama"}};  // said twice, counts once
  b->models = {{.id = "llama"}, {.id = "qwen"}};
  ASSERT_FALSE(clients_.add(a, {}));
  ASSERT_FALSE(clients_.add(b, {}));
  const routing& now = published();
  EXPECT_EQ(now.all.who.size(), 2U);
  EXPECT_EQ(now.by_client_id.at("b"), b);
  EXPECT_EQ(now.with_model("llama")->having.who.size(), 2U);
  ASSERT_EQ(now.with_model("qwen")->having.who.size(), 1U);
  EXPECT_EQ(now.with_model("qwen")->having.who.front(), b);
  EXPECT_EQ(now.with_model("other"), nullptr);
}

TEST_F(registry_test, tells_whether_it_matters_who_serves_a_model) {
  const auto a = make("a");
  const auto b = make("b");
  const auto c = make("c");
  const auto differ = [&](const std::vector<std::string>& among = {}) {
    return published().differ_in_models(among);
  };
  EXPECT_FALSE(differ()) << "nobody is there";
  a->models = {{.id = "llama"}, {.id = "qwen"}};
  b->models = {{.id = "Qwen:latest"}, {.id = "llama"}, {.id = "qwen"}};
  ASSERT_FALSE(clients_.add(a, {}));
  EXPECT_FALSE(differ()) << "one alone";
  ASSERT_FALSE(clients_.add(b, {}));
  EXPECT_FALSE(differ()) << "the same, in another order and under other names";
  ASSERT_FALSE(clients_.add(c, {}));
  EXPECT_TRUE(differ()) << "c reported none";
  EXPECT_FALSE(differ({"a", "b"}));
  EXPECT_TRUE(differ({"a", "c"}));
  EXPECT_FALSE(differ({"c", "gone"}));
  EXPECT_FALSE(differ({"gone"}));
  c->models = a->models;
  clients_.changed();
  EXPECT_FALSE(differ());
  a->models.pop_back();
  clients_.changed();
  EXPECT_TRUE(differ({"b", "a"}));
  clients_.drain(*a);
  EXPECT_FALSE(differ()) << "whoever drains serves nothing";
  EXPECT_FALSE(differ({"b", "a"}));
}

TEST_F(registry_test, tells_by_which_host_a_service_of_models_is_spoken_to) {
  const auto a = make("a");
  const auto b = make("b");
  a->local_host = b->local_host = std::make_shared<const std::string>("localhost:11434");
  a->models = {{.id = "llama"}};
  ASSERT_FALSE(clients_.add(a, {}));
  ASSERT_FALSE(clients_.add(b, {}));
  EXPECT_EQ(published().local_host_of(*a), a->local_host);
  EXPECT_EQ(published().local_host_of(*b), nullptr) << "it lists none";
  clients_.drain(*a);
  EXPECT_EQ(published().local_host_of(*a), a->local_host) << "requests by its name reach it still";
}

TEST_F(registry_test, who_leaves_is_gone_at_once_and_told) {
  std::vector<std::uint64_t> left;
  clients_.on_leaving([&](std::uint64_t number) { left.push_back(number); });
  const auto a = make("a");
  const auto b = make("b");
  ASSERT_FALSE(clients_.add(a, {}));
  ASSERT_FALSE(clients_.add(b, {}));
  clients_.remove(*a);
  EXPECT_FALSE(a->alive);
  EXPECT_EQ(left, std::vector{a->facts().number});
  EXPECT_EQ(clients_.find("a"), nullptr);
  EXPECT_EQ(clients_.find("b"), b) << "it took the other's place in the list";
  EXPECT_EQ(published().all.who.size(), 1U);
  clients_.remove(*a);  // once more: nothing
  EXPECT_EQ(left.size(), 1U);
}

TEST_F(registry_test, a_live_id_is_refused_to_anyone_else) {
  ASSERT_FALSE(clients_.add(make("a"), {.user_id = "u", .token_id = "t", .instance = "i"}));
  const claim others[] = {{},
                          {.user_id = "v", .token_id = "t", .instance = "i"},
                          {.user_id = "u", .token_id = "s", .instance = "j"},
                          {.user_id = "u"}};
  for (const claim& other : others) {
    const auto refused = clients_.add(make("a"), other);
    EXPECT_EQ(refused, make_error_code(errc::already_connected)) << other.user_id << other.token_id;
    EXPECT_EQ(refused.message(), "Client ID already in use");
  }
}

TEST_F(registry_test, the_same_client_takes_its_place_again) {
  const auto before = make("a");
  ASSERT_FALSE(clients_.add(before, {.user_id = "u", .token_id = "t", .instance = "i"}));
  const auto after = make("a");
  ASSERT_FALSE(clients_.add(after, {.user_id = "u", .token_id = "t", .instance = "j"}));
  EXPECT_FALSE(before->ended.empty());
  EXPECT_FALSE(before->alive);
  EXPECT_EQ(clients_.find("a"), after);
  clients_.remove(*before);  // its connection ends later
  EXPECT_EQ(clients_.find("a"), after);
}

TEST_F(registry_test, two_programs_do_not_evict_each_other_for_ever) {
  const auto claim_of = [](const char* instance) {
    return claim{.user_id = "u", .token_id = "t", .instance = instance};
  };
  ASSERT_FALSE(clients_.add(make("a"), claim_of("i")));
  ASSERT_FALSE(clients_.add(make("a"), claim_of("j")));
  EXPECT_EQ(clients_.add(make("a"), claim_of("i")), make_error_code(errc::contested));
  EXPECT_FALSE(clients_.add(make("a"), claim_of("j"))) << "the one that is in may come back";
}

TEST_F(registry_test, a_banned_id_waits) {
  clients_.ban("a", steady_clock::now() + 1h);
  EXPECT_EQ(clients_.add(make("a"), {}), make_error_code(errc::banned));
  EXPECT_FALSE(clients_.add(make("b"), {}));
  clients_.ban("a", steady_clock::now() - 1s);
  EXPECT_FALSE(clients_.add(make("a"), {}));
}

TEST_F(registry_test, is_bounded) {
  for (const char* id : {"a", "b", "c"}) ASSERT_FALSE(clients_.add(make(id), {}));
  EXPECT_EQ(clients_.add(make("d"), {}), make_error_code(errc::too_many));
  clients_.remove(*clients_.find("b"));
  EXPECT_FALSE(clients_.add(make("d"), {}));
}

TEST_F(registry_test, many_changes_make_one_snapshot) {
  const auto a = make("a");
  ASSERT_FALSE(clients_.add(a, {}));
  const routing* const first = &published();
  clients_.changed();
  clients_.changed();
  EXPECT_EQ(clients_.current(workers_.home()).get(), first) << "nothing before the loop runs";
  EXPECT_NE(&published(), first);
}

TEST_F(registry_test, every_worker_has_its_own_snapshot) {
  net::worker_pool two(2);
  registry clients(two, 10);
  ASSERT_FALSE(clients.add(make("a"), {}));
  settle(two.home());
  EXPECT_EQ(clients.current(two.home())->all.who.size(), 1U);
  EXPECT_EQ(clients.current(two.at(1))->all.who.size(), 0U) << "it reads its own, when it runs";
  settle(two.at(1));
  EXPECT_EQ(clients.current(two.at(1))->all.who.size(), 1U);
}

TEST_F(registry_test, a_model_is_found_under_each_of_its_names_and_listed_once) {
  const auto a = make("a");
  const auto b = make("b");
  a->models = {{.id = "Qwen2.5:latest"}, {.id = ""}};
  b->models = {{.id = "qwen2.5"}, {.id = std::string(300, 'x')}};
  a->loaded = {"qwen2.5", "something-else"};
  ASSERT_FALSE(clients_.add(a, {}));
  ASSERT_FALSE(clients_.add(b, {}));
  const routing& now = published();
  EXPECT_EQ(now.by_model.size(), 1U);
  ASSERT_NE(now.with_model("QWEN2.5"), nullptr);
  EXPECT_EQ(now.with_model("QWEN2.5"), now.with_model("library/qwen2.5:latest"));
  EXPECT_EQ(now.with_model("qwen2.5")->having.who.size(), 2U);
  EXPECT_EQ(now.with_model("qwen2.5")->loaded.who, std::vector<std::shared_ptr<session>>{a});
}

TEST_F(registry_test, loaded_is_only_what_the_client_itself_has) {
  const auto a = make("a");
  const auto b = make("b");
  a->models = {{.id = "m"}};
  b->loaded = {"m"};
  ASSERT_FALSE(clients_.add(a, {}));
  ASSERT_FALSE(clients_.add(b, {}));
  EXPECT_TRUE(published().with_model("m")->loaded.who.empty());
}

TEST_F(registry_test, who_drains_is_no_candidate_until_it_takes_requests_again) {
  const auto a = make("a");
  a->models = {{.id = "m"}};
  int changes = 0;
  clients_.on_change([&] { ++changes; });
  ASSERT_FALSE(clients_.add(a, {}));
  EXPECT_EQ(published().all.who.size(), 1U);
  clients_.drain(*a);
  EXPECT_TRUE(published().all.who.empty());
  EXPECT_EQ(published().with_model("m"), nullptr);
  EXPECT_TRUE(published().by_client_id.contains("a"));
  clients_.undrain(*a);
  EXPECT_EQ(published().all.who.size(), 1U);
  EXPECT_NE(published().with_model("m"), nullptr);
  EXPECT_EQ(changes, 3);
}

TEST(session_places, are_taken_up_to_the_bound_and_not_beyond) {
  quiet_session bounded({.number = 1, .client_id = "a", .most_in_flight = 2});
  quiet_session free({.number = 2, .client_id = "b"});
  for (int i = 0; i < 2; ++i) EXPECT_TRUE(bounded.take_place());
  EXPECT_FALSE(bounded.has_room());
  EXPECT_FALSE(bounded.take_place());
  EXPECT_EQ(bounded.in_flight, 2U);
  bounded.in_flight.fetch_sub(1);
  EXPECT_TRUE(bounded.has_room());
  for (int i = 0; i < 1000; ++i) EXPECT_TRUE(free.take_place());
  EXPECT_TRUE(free.has_room());
}

}  // namespace
}  // namespace frpx::tunnel
