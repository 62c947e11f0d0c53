// What every store promises of the whole; of each table beside it in NAME_contract_test.cpp.
#include "store/contract_fixture.hpp"

namespace frpx::store {

INSTANTIATE_TEST_SUITE_P(all, store_contract, testing::ValuesIn(backends),
                         [](const auto& info) { return std::string(info.param.name); });

namespace {

using namespace std::chrono_literals;

TEST_P(store_contract, names_its_kind) {
  EXPECT_EQ(db().kind(), GetParam().name);
}

TEST_P(store_contract, times_are_cut_to_microseconds) {
  user row = some_user("u1");
  row.created = t0 + 1234567891ns;
  ASSERT_TRUE(db().add_user(row));
  EXPECT_EQ(db().find_user_by_id("u1")->created, t0 + 1234567us);
}

TEST_P(store_contract, values_are_bounded) {
  user good = some_user(std::string(128, 'a'));
  good.email = std::string(256, 'b');
  good.password_hash = std::string(256, 'c');
  EXPECT_TRUE(db().add_user(good));
  EXPECT_TRUE(db().find_user(good.email));

  user bad = some_user("u");
  bad.id = std::string(129, 'a');
  EXPECT_EQ(db().add_user(bad).error(), errc::bad_value);
  bad = some_user("u");
  bad.email = std::string(257, 'b');
  EXPECT_EQ(db().add_user(bad).error(), errc::bad_value);
  bad = some_user("u");
  bad.password_hash = std::string(257, 'c');
  EXPECT_EQ(db().add_user(bad).error(), errc::bad_value);
  bad = some_user("u");
  bad.ports = std::string(1025, '1');
  EXPECT_EQ(db().add_user(bad).error(), errc::bad_value);
  EXPECT_TRUE(db().set_ports(good.email, std::string(1024, '1')));
  bad = some_user("u");
  bad.email = "a\nb";
  EXPECT_EQ(db().add_user(bad).error(), errc::bad_value);

  api_key key = some_key("k", "text");
  key.name = std::string("a\0b", 3);
  EXPECT_EQ(db().add_key(key).error(), errc::bad_value);
  key = some_key("k", "text");
  key.owner = "not a name";
  EXPECT_EQ(db().add_key(key).error(), errc::bad_value);
  EXPECT_EQ(db().add_token(some_token("t", "")).error(), errc::bad_value);
  EXPECT_EQ(db().put_asset(some_asset(good.id, "a b")).error(), errc::bad_value);
}

TEST_P(store_contract, hostile_texts_are_only_texts) {
  user row = some_user("u1");
  row.email = "'; DROP TABLE users; -- %s \" \\ \xe6\x93\x8d";
  ASSERT_TRUE(db().add_user(row));
  EXPECT_EQ(db().find_user(row.email)->email, row.email);
  EXPECT_EQ(db().find_user("' OR '1'='1").error(), errc::not_found);
  EXPECT_EQ(db().find_user(std::string_view("u1\0x", 4)).error(), errc::not_found);
  EXPECT_EQ(db().find_user("").error(), errc::not_found);
}

TEST_P(store_contract, uses_are_noted_and_never_go_back) {
  ASSERT_TRUE(db().add_key(some_key("k1", "one")));
  ASSERT_TRUE(db().add_user(some_user("u1")));
  ASSERT_TRUE(db().add_token(some_token("t1", "u1")));
  const use later[] = {{"k1", t0 + 2s}, {"unknown", t0}, {"t1", t0 + 2s}};
  ASSERT_TRUE(db().touch_keys(later));
  ASSERT_TRUE(db().touch_tokens(later));
  const use earlier[] = {{"k1", t0 + 1s}, {"t1", t0 + 1s}};
  ASSERT_TRUE(db().touch_keys(earlier));
  ASSERT_TRUE(db().touch_tokens(earlier));
  EXPECT_EQ(db().find_key(secret("one"))->last_used, t0 + 2s);
  EXPECT_EQ(db().find_token("t1")->last_used, t0 + 2s);
}

TEST_P(store_contract, lists_come_in_pages) {
  for (int i = 0; i < 7; ++i) {
    const std::string n = std::to_string(i);
    ASSERT_TRUE(db().add_key(some_key("k" + n, "text" + n)));
    ASSERT_TRUE(db().add_user(some_user("u" + n)));
    ASSERT_TRUE(db().add_token(some_token("t" + n, "u0")));
    ASSERT_TRUE(db().put_asset(some_asset("u0", "m" + n)));
  }
  EXPECT_EQ(db().list_keys({.limit = 3})->size(), 3u);
  const auto rest = db().list_keys({.after = "k2", .limit = 100});
  ASSERT_EQ(rest->size(), 4u);
  EXPECT_EQ(rest->front().id, "k3");
  EXPECT_EQ(db().list_users({.after = "u4", .limit = 9})->front().id, "u5");
  EXPECT_EQ(db().list_tokens({.after = "t4", .limit = 9})->size(), 2u);
  const auto machines = db().list_assets({.after = "u0/m4", .limit = 9});
  ASSERT_EQ(machines->size(), 2u);
  EXPECT_EQ(machines->front().machine_id, "m5");
  EXPECT_TRUE(db().list_keys({.after = "k6"})->empty());
}

TEST_P(store_contract, a_page_is_bounded_whatever_is_asked_for) {
  ASSERT_TRUE(db().add_user(some_user("u1")));
  ASSERT_TRUE(db().add_user(some_user("u2")));
  for (std::size_t i = 0; i < longest_page + 1; ++i) {
    ASSERT_TRUE(db().add_token(some_token("t" + std::to_string(i), i % 2 ? "u1" : "u2")));
  }
  EXPECT_EQ(db().list_tokens({.limit = longest_page + 1})->size(), longest_page);
}

TEST_P(store_contract, it_says_how_much_there_is) {
  ASSERT_TRUE(db().add_user(some_user("u1")));
  ASSERT_TRUE(db().add_user(some_user("u2")));
  ASSERT_TRUE(db().add_key(some_key("k1", "one")));
  ASSERT_TRUE(db().put_asset(some_asset("u1", "m1")));
  const auto all = db().describe();
  ASSERT_TRUE(all);
  EXPECT_EQ(all->users, 2u);
  EXPECT_EQ(all->keys, 1u);
  EXPECT_EQ(all->tokens, 0u);
  EXPECT_EQ(all->assets, 1u);
}

TEST_P(store_contract, the_change_count_moves_with_what_changes_who_comes_in) {
  std::uint64_t seen = db().change_count().value();
  const auto moved = [&] {
    const std::uint64_t now = db().change_count().value();
    return std::exchange(seen, now) != now;
  };
  EXPECT_FALSE(moved());
  ASSERT_TRUE(db().add_user(some_user("u1")));
  EXPECT_TRUE(moved());
  ASSERT_TRUE(db().set_password("u1@example.com", "$new$"));
  EXPECT_TRUE(moved());
  ASSERT_TRUE(db().add_key(some_key("k1", "one")));
  EXPECT_TRUE(moved());
  ASSERT_TRUE(db().change_key("k1", {.at_once = 1}));
  EXPECT_TRUE(moved());
  ASSERT_TRUE(db().revoke_key("k1"));
  EXPECT_TRUE(moved());

  ASSERT_TRUE(db().add_token(some_token("t1", "u1")));
  const use used[] = {{"k1", t0}, {"t1", t0}};
  ASSERT_TRUE(db().touch_keys(used));
  ASSERT_TRUE(db().touch_tokens(used));
  ASSERT_TRUE(db().set_token_client("t1", "c"));
  ASSERT_TRUE(db().put_asset(some_asset("u1", "m1")));
  ASSERT_TRUE(db().add_usage("b", {}));
  EXPECT_FALSE(moved());

  ASSERT_TRUE(db().revoke_token("t1"));
  EXPECT_TRUE(moved());
  ASSERT_TRUE(db().remove_user("u1@example.com"));
  EXPECT_TRUE(moved());
}

}  // namespace
}  // namespace frpx::store
