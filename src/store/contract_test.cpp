// What every store promises. A backend joins with one line in `backends`.
#include <gtest/gtest.h>

#include <filesystem>

#include "core/random.hpp"
#include "store/store.hpp"
#include "tests/support/real_servers.hpp"

namespace frpx::store {
namespace {

using namespace std::chrono_literals;

// An empty store to test, and what is to be tidied up after it.
struct fixture {
  std::filesystem::path folder;
  std::unique_ptr<store> opened;

  ~fixture() {
    opened.reset();
    if (!folder.empty()) std::filesystem::remove_all(folder);
  }
};

struct backend {
  const char* name;
  void (*make)(fixture&);
};

void make_memory(fixture& in) {
  in.opened = open("memory:").value();
}

void make_sqlite(fixture& in) {
  in.folder = std::filesystem::temp_directory_path() / ("frpx-" + random_hex(8));
  in.opened = open("sqlite:" + (in.folder / "frpx.db").string()).value();
}

void make_postgres(fixture& in) {
  in.opened = open(test::shared_postgres().make_database(), {.timeout = 10s}).value();
}

constexpr backend backends[] = {
    {"memory", make_memory},
    {"sqlite", make_sqlite},
    {"postgres", make_postgres},
};

class store_contract : public testing::TestWithParam<backend> {
 protected:
  void SetUp() override {
    GetParam().make(fixture_);
    ASSERT_TRUE(fixture_.opened);
  }
  store& db() { return *fixture_.opened; }

 private:
  fixture fixture_;
};

INSTANTIATE_TEST_SUITE_P(all, store_contract, testing::ValuesIn(backends),
                         [](const auto& info) { return std::string(info.param.name); });

const wall_time t0{1'700'000'000s};

user some_user(const std::string& id) {
  return {.id = id, .email = id + "@example.com", .password_hash = "$hash$" + id, .created = t0};
}

api_key some_key(const std::string& id, const std::string& text) {
  return {.id = id, .name = "name of " + id, .hash = sha256(text), .created = t0};
}

token some_token(const std::string& id, const std::string& user_id) {
  return {.id = id, .user_id = user_id, .issued = t0, .expires = t0 + 1h};
}

asset some_asset(const std::string& user_id, const std::string& machine) {
  return {.user_id = user_id,
          .machine_id = machine,
          .name = "box",
          .online = true,
          .created = t0,
          .updated = t0};
}

TEST_P(store_contract, names_its_kind) {
  EXPECT_EQ(db().kind(), GetParam().name);
}

// --- users

TEST_P(store_contract, a_user_comes_back_as_added) {
  user row = some_user("u1");
  row.role = role::admin;
  row.created = t0 + 1234567us;
  row.ports = "9000-9099,10022";
  ASSERT_TRUE(db().add_user(row));
  for (const auto& found : {db().find_user("u1@example.com"), db().find_user_by_id("u1")}) {
    ASSERT_TRUE(found);
    EXPECT_EQ(found->id, "u1");
    EXPECT_EQ(found->email, "u1@example.com");
    EXPECT_EQ(found->password_hash, "$hash$u1");
    EXPECT_EQ(found->role, role::admin);
    EXPECT_EQ(found->created, row.created);
    EXPECT_EQ(found->ports, row.ports);
  }
}

TEST_P(store_contract, times_are_cut_to_microseconds) {
  user row = some_user("u1");
  row.created = t0 + 1234567891ns;
  ASSERT_TRUE(db().add_user(row));
  EXPECT_EQ(db().find_user_by_id("u1")->created, t0 + 1234567us);
}

TEST_P(store_contract, an_unknown_user_is_not_found) {
  EXPECT_EQ(db().find_user("nobody@example.com").error(), errc::not_found);
  EXPECT_EQ(db().find_user_by_id("nobody").error(), errc::not_found);
  EXPECT_EQ(db().set_password("nobody@example.com", "$h").error(), errc::not_found);
  EXPECT_EQ(db().set_role("nobody@example.com", role::admin).error(), errc::not_found);
  EXPECT_EQ(db().set_ports("nobody@example.com", "9000").error(), errc::not_found);
  EXPECT_EQ(db().remove_user("nobody@example.com").error(), errc::not_found);
}

TEST_P(store_contract, a_second_user_with_the_id_or_the_address_is_refused) {
  ASSERT_TRUE(db().add_user(some_user("u1")));
  user same_id = some_user("u2");
  same_id.id = "u1";
  user same_email = some_user("u2");
  same_email.email = "u1@example.com";
  EXPECT_EQ(db().add_user(same_id).error(), errc::already_exists);
  EXPECT_EQ(db().add_user(same_email).error(), errc::already_exists);
  EXPECT_EQ(db().list_users({})->size(), 1u);
}

TEST_P(store_contract, password_role_and_ports_change) {
  ASSERT_TRUE(db().add_user(some_user("u1")));
  ASSERT_TRUE(db().set_password("u1@example.com", "$new$"));
  ASSERT_TRUE(db().set_role("u1@example.com", role::viewer));
  EXPECT_EQ(db().find_user_by_id("u1")->password_hash, "$new$");
  EXPECT_EQ(db().find_user_by_id("u1")->role, role::viewer);
  EXPECT_EQ(db().set_password("u1@example.com", "").error(), errc::bad_value);
  EXPECT_EQ(db().find_user_by_id("u1")->ports, "");
  ASSERT_TRUE(db().set_ports("u1@example.com", "9000-9099"));
  EXPECT_EQ(db().find_user_by_id("u1")->ports, "9000-9099");
  EXPECT_EQ(db().set_ports("u1@example.com", "any").error(), errc::bad_value);
  ASSERT_TRUE(db().set_ports("u1@example.com", ""));
  EXPECT_EQ(db().find_user_by_id("u1")->ports, "");
}

TEST_P(store_contract, a_users_tokens_machines_and_keys_go_with_him) {
  for (const char* id : {"u1", "u2"}) {
    ASSERT_TRUE(db().add_user(some_user(id)));
    ASSERT_TRUE(db().add_token(some_token(std::string("token-") + id, id)));
    ASSERT_TRUE(db().put_asset(some_asset(id, "m")));
    api_key key = some_key(std::string("key-") + id, std::string("text-") + id);
    key.owner = id;
    ASSERT_TRUE(db().add_key(key));
  }
  ASSERT_TRUE(db().remove_user("u1@example.com"));
  EXPECT_EQ(db().find_user_by_id("u1").error(), errc::not_found);
  EXPECT_EQ(db().find_token("token-u1").error(), errc::not_found);
  EXPECT_EQ(db().find_key(secret("text-u1"))->status, key_status::revoked);
  EXPECT_EQ(db().find_key(secret("text-u2"))->status, key_status::active);
  EXPECT_TRUE(db().find_token("token-u2"));
  ASSERT_EQ(db().list_assets({})->size(), 1u);
  EXPECT_EQ(db().list_assets({})->front().user_id, "u2");
}

// --- values

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

// --- keys

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

// --- usage

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

// --- tokens

audit_row some_audit(const std::string& what, wall_time at = t0) {
  return {.at = at,
          .who = "admin@example.com",
          .from = "192.0.2.7:4711",
          .action = "revoke key",
          .what = what,
          .outcome = "done"};
}

TEST_P(store_contract, the_audit_log_is_told_newest_first) {
  EXPECT_TRUE(db().list_audit(0, 10)->empty());
  for (const char* what : {"one", "", "\xe6\x93\x8d'; --"}) {
    ASSERT_TRUE(db().add_audit(some_audit(what, t0 + 42us)));
  }
  const auto all = db().list_audit(0, 10).value();
  ASSERT_EQ(all.size(), 3u);
  EXPECT_EQ(all[0].what, "\xe6\x93\x8d'; --");
  EXPECT_EQ(all[2].what, "one");
  EXPECT_GT(all[0].id, all[1].id);
  EXPECT_EQ(all[2].at, t0 + 42us);
  EXPECT_EQ(all[2].who, "admin@example.com");
  EXPECT_EQ(all[2].from, "192.0.2.7:4711");
  EXPECT_EQ(all[2].action, "revoke key");
  EXPECT_EQ(all[2].outcome, "done");
  EXPECT_EQ(db().list_audit(0, 2)->size(), 2u);
  const auto older = db().list_audit(all[1].id, 10).value();
  ASSERT_EQ(older.size(), 1u);
  EXPECT_EQ(older[0].what, "one");
  EXPECT_TRUE(db().list_audit(all[2].id, 10)->empty());
  EXPECT_EQ(db().list_audit(~std::uint64_t(0), 10)->size(), 3u);
}

TEST_P(store_contract, old_audit_rows_are_taken_away_and_ids_do_not_come_again) {
  ASSERT_TRUE(db().add_audit(some_audit("old")));
  const auto old = db().list_audit(0, 1)->at(0).id;
  EXPECT_EQ(db().remove_audit_before(t0), 0u);
  EXPECT_EQ(db().remove_audit_before(t0 + 1us), 1u);
  ASSERT_TRUE(db().add_audit(some_audit("new", t0 + 1us)));
  EXPECT_GT(db().list_audit(0, 1)->at(0).id, old);
}

TEST_P(store_contract, a_bad_audit_row_is_refused_and_a_list_is_bounded) {
  audit_row bad = some_audit("a\nb");
  EXPECT_EQ(db().add_audit(bad).error(), errc::bad_value);
  bad = some_audit("a");
  bad.who = "";
  EXPECT_EQ(db().add_audit(bad).error(), errc::bad_value);
  for (std::size_t i = 0; i <= longest_page; ++i) ASSERT_TRUE(db().add_audit(some_audit("a")));
  EXPECT_EQ(db().list_audit(0, longest_page + 1)->size(), longest_page);
}

TEST_P(store_contract, a_token_comes_back_as_added) {
  ASSERT_TRUE(db().add_user(some_user("u1")));
  ASSERT_TRUE(db().add_token(some_token("t1", "u1")));
  ASSERT_TRUE(db().set_token_client("t1", "client_A"));
  const auto found = db().find_token("t1");
  ASSERT_TRUE(found);
  EXPECT_EQ(found->user_id, "u1");
  EXPECT_EQ(found->client_id, "client_A");
  EXPECT_EQ(found->issued, t0);
  EXPECT_EQ(found->expires, t0 + 1h);
  EXPECT_FALSE(found->revoked);
}

TEST_P(store_contract, a_token_needs_its_user_and_an_own_id) {
  EXPECT_EQ(db().add_token(some_token("t1", "nobody")).error(), errc::not_found);
  ASSERT_TRUE(db().add_user(some_user("u1")));
  ASSERT_TRUE(db().add_token(some_token("t1", "u1")));
  EXPECT_EQ(db().add_token(some_token("t1", "u1")).error(), errc::already_exists);
  EXPECT_EQ(db().find_token("t2").error(), errc::not_found);
  EXPECT_EQ(db().revoke_token("t2").error(), errc::not_found);
  EXPECT_EQ(db().set_token_client("t2", "c").error(), errc::not_found);
  EXPECT_EQ(db().set_token_client("t1", "a b").error(), errc::bad_value);
}

TEST_P(store_contract, a_token_is_revoked_for_good) {
  ASSERT_TRUE(db().add_user(some_user("u1")));
  ASSERT_TRUE(db().add_token(some_token("t1", "u1")));
  EXPECT_TRUE(db().revoke_token("t1")->revoked);
  EXPECT_TRUE(db().find_token("t1")->revoked);
  EXPECT_TRUE(db().revoke_token("t1")->revoked);
}

TEST_P(store_contract, it_says_which_of_many_tokens_are_valid) {
  ASSERT_TRUE(db().add_user(some_user("u1")));
  for (const char* id : {"t1", "t2"}) ASSERT_TRUE(db().add_token(some_token(id, "u1")));
  ASSERT_TRUE(db().revoke_token("t1"));
  EXPECT_EQ(*db().valid_tokens({"t1", "t2", "t3"}), std::vector<std::string>{"t2"});
}

TEST_P(store_contract, expired_tokens_are_taken_away) {
  ASSERT_TRUE(db().add_user(some_user("u1")));
  token row = some_token("t1", "u1");
  ASSERT_TRUE(db().add_token(row));
  row.id = "t2";
  row.expires += 1us;
  ASSERT_TRUE(db().add_token(row));
  EXPECT_EQ(*db().remove_tokens_expired_before(row.expires), 1u);
  EXPECT_EQ(db().find_token("t1").error(), errc::not_found);
  EXPECT_TRUE(db().find_token("t2"));
  EXPECT_EQ(*db().remove_tokens_expired_before(row.expires), 0u);
}

TEST_P(store_contract, a_users_tokens_are_bounded_and_the_oldest_goes) {
  ASSERT_TRUE(db().add_user(some_user("u1")));
  ASSERT_TRUE(db().add_user(some_user("u2")));
  ASSERT_TRUE(db().add_token(some_token("others", "u2")));
  for (std::size_t i = 0; i < tokens_per_user; ++i) {
    token row = some_token("t" + std::to_string(i), "u1");
    row.issued = t0 + std::chrono::seconds(i);
    ASSERT_TRUE(db().add_token(row));
  }
  EXPECT_TRUE(db().find_token("t0"));
  token last = some_token("last", "u1");
  last.issued = t0 + 24h;
  ASSERT_TRUE(db().add_token(last));
  EXPECT_EQ(db().find_token("t0").error(), errc::not_found);
  EXPECT_TRUE(db().find_token("t1"));
  EXPECT_TRUE(db().find_token("last"));
  EXPECT_TRUE(db().find_token("others"));
}

TEST_P(store_contract, a_page_is_bounded_whatever_is_asked_for) {
  ASSERT_TRUE(db().add_user(some_user("u1")));
  ASSERT_TRUE(db().add_user(some_user("u2")));
  for (std::size_t i = 0; i < longest_page + 1; ++i) {
    ASSERT_TRUE(db().add_token(some_token("t" + std::to_string(i), i % 2 ? "u1" : "u2")));
  }
  EXPECT_EQ(db().list_tokens({.limit = longest_page + 1})->size(), longest_page);
}

// --- machines

TEST_P(store_contract, a_machine_is_added_once_and_then_changed) {
  ASSERT_TRUE(db().add_user(some_user("u1")));
  ASSERT_TRUE(db().put_asset(some_asset("u1", "m1")));
  asset again = some_asset("u1", "m1");
  again.name = "renamed";
  again.online = false;
  again.created = t0 + 1h;
  again.updated = t0 + 1h;
  ASSERT_TRUE(db().put_asset(again));
  const auto rows = db().list_assets({});
  ASSERT_EQ(rows->size(), 1u);
  EXPECT_EQ(rows->front().name, "renamed");
  EXPECT_FALSE(rows->front().online);
  EXPECT_EQ(rows->front().created, t0);
  EXPECT_EQ(rows->front().updated, t0 + 1h);
  EXPECT_EQ(db().put_asset(some_asset("nobody", "m1")).error(), errc::not_found);
}

TEST_P(store_contract, only_silent_machines_go_offline) {
  ASSERT_TRUE(db().add_user(some_user("u1")));
  asset row = some_asset("u1", "silent");
  ASSERT_TRUE(db().put_asset(row));
  row.machine_id = "lively";
  row.updated = t0 + 60s;
  ASSERT_TRUE(db().put_asset(row));
  EXPECT_EQ(*db().put_silent_assets_offline(t0 + 60s), 1u);
  const auto rows = db().list_assets({});
  ASSERT_EQ(rows->size(), 2u);
  EXPECT_TRUE((*rows)[0].online);
  EXPECT_FALSE((*rows)[1].online);
  EXPECT_EQ(*db().put_silent_assets_offline(t0 + 60s), 0u);
}

// --- the whole

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

// --- changes

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
