// What the PostgreSQL store promises beyond the contract: databases that are there already, other
// servers, faults of a real server.
#include <gtest/gtest.h>

#include <thread>

#include "core/hex.hpp"
#include "store/postgres/schema.hpp"
#include "store/store.hpp"
#include "tests/support/real_servers.hpp"

namespace frpx::store {
namespace {

using namespace std::chrono_literals;

class postgres : public testing::Test {
 protected:
  std::vector<std::string> sql(const std::string& statement) {
    return test::shared_postgres().sql(url_, statement);
  }
  std::string one(const std::string& statement) { return sql(statement).at(0); }
  std::unique_ptr<store> open_it(const open_options& options = {}) {
    return open(url_, options).value();
  }
  open_error open_fails(const std::string& url, const open_options& options = {}) {
    auto opened = open(url, options);
    EXPECT_FALSE(opened);
    return opened ? open_error{} : opened.error();
  }

  const std::string url_ = test::shared_postgres().make_database();
};

api_key some_key(const std::string& text) {
  return {.id = "id-" + text, .name = "name-" + text, .hash = sha256(text), .created = {}};
}
user some_user(const std::string& id) {
  return {.id = id, .email = id + "@example.com", .password_hash = "$h", .created = {}};
}
asset some_asset(const std::string& user_id, const std::string& machine) {
  const wall_time now = wall_clock::now();
  return {.user_id = user_id,
          .machine_id = machine,
          .name = "box",
          .online = true,
          .created = now,
          .updated = now};
}

// --- the schema

TEST_F(postgres, many_may_start_at_once_on_an_empty_database) {
  std::vector<std::thread> starters;
  std::atomic<int> opened{0};
  for (int i = 0; i < 10; ++i) {
    starters.emplace_back([&] {
      const auto one = open(url_, {.timeout = 20s});
      EXPECT_TRUE(one) << one.error().text;
      opened += one.has_value();
    });
  }
  for (auto& each : starters) each.join();
  EXPECT_EQ(opened, 10);
  EXPECT_EQ(one("SELECT count(*) FROM frpx_schema"), "1");
}

TEST_F(postgres, a_newer_schema_is_refused_with_a_clear_line) {
  open_it();
  sql("INSERT INTO frpx_schema VALUES (" + std::to_string(pg::newest_schema() + 1) + ")");
  const open_error why = open_fails(url_);
  EXPECT_EQ(why.code, errc::newer_schema);
  EXPECT_NE(why.text.find("newer frpx"), std::string::npos) << why.text;
}

TEST_F(postgres, the_first_versions_tables_are_brought_up_to_date_with_their_keys) {
  ASSERT_TRUE(open_it()->add_key(some_key("k")));
  sql("DROP TABLE frpx_audit, frpx_key_limits, frpx_usage, frpx_usage_batches, frpx_clients");
  sql("ALTER TABLE frpx_users DROP COLUMN ports, DROP COLUMN leases");
  sql("DELETE FROM frpx_schema");
  sql("INSERT INTO frpx_schema VALUES (1)");
  const auto db = open_it();
  EXPECT_EQ(db->find_key(secret("k"))->limits, key_limits());
  EXPECT_EQ(db->change_key("id-k", {.at_once = 1})->limits.at_once, 1u);
  EXPECT_TRUE(db->list_users({}));
  EXPECT_EQ(db->describe()->schema, pg::newest_schema());
}

TEST_F(postgres, servers_that_add_to_the_same_usage_at_once_lose_nothing) {
  const wall_time hour{std::chrono::hours(1)};
  std::vector<std::thread> servers;
  std::atomic<int> added{0};
  for (int server = 0; server < 4; ++server) {
    servers.emplace_back([&, server] {
      const auto db = open(url_, {.timeout = 20s}).value();
      for (int batch = 0; batch < 10; ++batch) {
        std::vector<usage_row> rows;
        for (int row = 0; row < 20; ++row) {
          // Each in an order of its own.
          const int model = (row * (2 * server + 1)) % 20;
          rows.push_back({"k", "c", "m" + std::to_string(model), hour, {1, 0, 0, 0, 0, 0}});
        }
        const std::string id = std::to_string(server) + "." + std::to_string(batch);
        added += db->add_usage(id, rows).has_value();
      }
    });
  }
  for (auto& each : servers) each.join();
  EXPECT_EQ(added, 40);
  EXPECT_EQ(open_it()->sum_usage(usage_by::key, hour, hour + 1h)->at(0).of.requests, 800u);
}

TEST_F(postgres, without_leave_to_migrate_nothing_is_changed) {
  EXPECT_EQ(open_fails(url_, {.migrate = false}).code, errc::older_schema);
  EXPECT_EQ(one("SELECT to_regclass('frpx_users') IS NULL"), "t");
  open_it();
  EXPECT_EQ(open_it({.migrate = false})->describe()->schema, pg::newest_schema());
}

TEST_F(postgres, what_keeps_it_from_opening_is_said_without_the_password) {
  const open_error why = open_fails("postgres://frpx:s3cret@127.0.0.1:1/none");
  EXPECT_EQ(why.code, errc::unavailable);
  EXPECT_EQ(why.text.find("s3cret"), std::string::npos) << why.text;
  EXPECT_NE(why.text.find("refused"), std::string::npos) << why.text;
}

TEST_F(postgres, ids_of_clients_from_before_belong_to_whoever_had_them_last) {
  {
    const auto db = open_it();
    for (const char* id : {"u1", "u2"}) ASSERT_TRUE(db->add_user(some_user(id)));
    asset row = some_asset("u1", "moved");
    ASSERT_TRUE(db->put_asset(row));
    row.user_id = "u2";
    row.updated += 1s;
    ASSERT_TRUE(db->put_asset(row));
    ASSERT_TRUE(db->put_asset(some_asset("u1", "stayed")));
    sql("INSERT INTO gpu_assets (\"userId\", \"machineId\", name) VALUES "
        "('of another program', 'm', 'm'), ('u1', 'no name', 'm')");
  }
  sql("DROP TABLE frpx_clients");
  sql("ALTER TABLE frpx_users DROP COLUMN leases");
  sql("DELETE FROM frpx_schema WHERE version > 4");
  sql("INSERT INTO frpx_schema VALUES (4)");
  const auto db = open_it();
  EXPECT_EQ(db->find_client("moved")->user_id, "u2");
  EXPECT_EQ(db->find_client("stayed")->user_id, "u1");
  EXPECT_EQ(db->list_clients({})->size(), 2U);
}

TEST_F(postgres, a_token_is_added_before_a_new_password_or_knows_of_it) {
  const auto db = open_it({.timeout = 20s});
  ASSERT_TRUE(db->add_user(some_user("u1")));
  auto hand = pg::connection::open(url_, steady_clock::now() + 20s).value();
  const steady_time late = steady_clock::now() + 20s;
  ASSERT_TRUE(hand.run_all("BEGIN; UPDATE frpx_users SET password_hash = '$new$'", late));
  std::atomic<bool> added{false};
  std::thread other([&] {
    EXPECT_TRUE(db->add_token({.id = "t1", .user_id = "u1", .issued = {}, .expires = {}}));
    added = true;
  });
  while (one("SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'") == "0" &&
         !added) {
    std::this_thread::yield();
  }
  EXPECT_FALSE(added) << "it waits until the change has been decided";
  ASSERT_TRUE(hand.run_all("COMMIT", late));
  other.join();
  EXPECT_EQ(db->find_user_by_id("u1")->password_hash, "$new$");
}

// --- a database of public frpx

constexpr const char* public_tables_text =
    "CREATE TABLE api_keys (id SERIAL PRIMARY KEY, key VARCHAR(255) UNIQUE NOT NULL, "
    "\"userId\" INT, status VARCHAR(20) NOT NULL DEFAULT 'active', \"expiresAt\" TIMESTAMP(3), "
    "\"createdAt\" TIMESTAMP(3) NOT NULL DEFAULT NOW(), \"updatedAt\" TIMESTAMP(3) NOT NULL);"
    "CREATE TABLE gpu_assets (id SERIAL PRIMARY KEY, \"userId\" VARCHAR(64) NOT NULL, "
    "\"machineId\" VARCHAR(128) UNIQUE NOT NULL, name VARCHAR(255), "
    "status VARCHAR(20) NOT NULL DEFAULT 'online', \"createdAt\" TIMESTAMP(3) NOT NULL, "
    "\"updatedAt\" TIMESTAMP(3) NOT NULL);";

constexpr const char* public_tables_enum =
    "CREATE TYPE api_key_status AS ENUM ('active', 'inactive');"
    "CREATE TYPE gpu_asset_status AS ENUM ('online', 'offline', 'busy');"
    "CREATE TABLE api_keys (key TEXT PRIMARY KEY, status api_key_status NOT NULL, "
    "\"expiresAt\" TIMESTAMPTZ, \"createdAt\" TIMESTAMPTZ DEFAULT NOW(), "
    "\"updatedAt\" TIMESTAMPTZ DEFAULT NOW());"
    "CREATE TABLE gpu_assets (\"userId\" TEXT NOT NULL, \"machineId\" TEXT NOT NULL UNIQUE, "
    "name TEXT, status gpu_asset_status NOT NULL DEFAULT 'online', "
    "\"createdAt\" TIMESTAMPTZ, \"updatedAt\" TIMESTAMPTZ);";

class taken_over_postgres : public postgres, public testing::WithParamInterface<const char*> {
 protected:
  taken_over_postgres() {
    auto on = pg::connection::open(url_, steady_clock::now() + 20s).value();
    EXPECT_TRUE(on.run_all(GetParam(), steady_clock::now() + 20s)) << on.last_message();
    sql("SET TimeZone TO 'UTC'");
    add("old", "'active'", "NULL");
    db_ = open_it();
  }
  void add(const std::string& key, const std::string& status, const std::string& expires) {
    sql("INSERT INTO api_keys (key, status, \"expiresAt\", \"updatedAt\") VALUES ('" + key + "', " +
        status + ", " + expires + ", NOW())");
  }
  bool is_valid(const std::string& key) {
    const auto found = db_->find_key(secret(key));
    return found && found->status == key_status::active && !found->expired;
  }

  std::unique_ptr<store> db_;
};

INSTANTIATE_TEST_SUITE_P(all, taken_over_postgres,
                         testing::Values(public_tables_text, public_tables_enum));

TEST_P(taken_over_postgres, plain_keys_work_by_the_databases_rule) {
  EXPECT_TRUE(is_valid("old"));
  EXPECT_FALSE(is_valid("older"));
  add("later", "'active'", "NOW() + INTERVAL '1 hour'");
  add("past", "'active'", "NOW() - INTERVAL '1 second'");
  add("off", GetParam() == public_tables_enum ? "'inactive'" : "'whatever'", "NULL");
  add("for ever", "'active'", "'infinity'");
  add("never", "'active'", "'-infinity'");
  EXPECT_TRUE(is_valid("later"));
  EXPECT_TRUE(is_valid("for ever"));
  EXPECT_FALSE(is_valid("past"));
  EXPECT_FALSE(is_valid("off"));
  EXPECT_FALSE(is_valid("never"));
  EXPECT_GT(*db_->find_key(secret("later"))->expires, wall_clock::now() + 59min);
  EXPECT_LT(*db_->find_key(secret("later"))->expires, wall_clock::now() + 61min);
}

TEST_P(taken_over_postgres, keys_changed_by_hand_count_as_a_change) {
  std::uint64_t seen = db_->change_count().value();
  const auto moves = [&] {
    return test::wait_until(
        [&] {
          const auto now = db_->change_count().value();
          return std::exchange(seen, now) != now;
        },
        900ms);  // by notification: asking without one takes a second
  };
  ASSERT_TRUE(db_->change_count());
  add("by hand", "'active'", "NULL");
  EXPECT_TRUE(moves());
  sql("DELETE FROM api_keys WHERE key = 'by hand'");
  EXPECT_TRUE(moves());
}

TEST_P(taken_over_postgres, plain_keys_are_listed_and_revoked_without_being_shown) {
  const auto listed = db_->list_keys({});
  ASSERT_EQ(listed->size(), 1u);
  const std::string id = listed->front().id;
  EXPECT_TRUE(id.starts_with("plain-"));
  EXPECT_EQ(id.find("old"), std::string::npos);
  const auto valid = db_->valid_keys({id, "plain-0000000000000000"});
  ASSERT_EQ(valid->size(), 1u);
  EXPECT_EQ(valid->front().id, id);
  ASSERT_TRUE(db_->revoke_key(id));
  EXPECT_FALSE(is_valid("old"));
  EXPECT_TRUE(db_->valid_keys({id})->empty());
  EXPECT_EQ(one("SELECT status FROM api_keys"),
            GetParam() == public_tables_enum ? "inactive" : "revoked");
}

TEST_P(taken_over_postgres, plain_keys_are_hashed_in_place_and_go_on_working) {
  const std::string id = db_->find_key(secret("old"))->id;
  EXPECT_EQ(db_->describe()->plain_keys, 1u);
  EXPECT_EQ(*db_->hash_plain_keys(), 1u);
  EXPECT_EQ(*db_->hash_plain_keys(), 0u);
  EXPECT_EQ(one("SELECT key FROM api_keys"), "sha256:" + to_hex(sha256("old")));
  EXPECT_TRUE(is_valid("old"));
  EXPECT_EQ(db_->find_key(secret("old"))->id, id);
  // Who has read the table has no key.
  EXPECT_FALSE(is_valid("sha256:" + to_hex(sha256("old"))));
  add("new", "'active'", "NULL");
  EXPECT_TRUE(is_valid("new"));
}

TEST_P(taken_over_postgres, a_table_that_is_altered_is_read_on) {
  EXPECT_TRUE(is_valid("old"));
  sql("ALTER TABLE api_keys ADD COLUMN note TEXT");
  sql("ALTER TABLE api_keys ALTER COLUMN key TYPE VARCHAR(300)");
  EXPECT_TRUE(is_valid("old"));
}

TEST_P(taken_over_postgres, plain_keys_have_limits_as_well) {
  const std::string id = db_->find_key(secret("old"))->id;
  const key_limits limits{60, 0, {"m"}, {}};
  EXPECT_EQ(db_->change_key(id, {.per_minute = 60, .models = limits.models})->limits, limits);
  EXPECT_EQ(db_->find_key(secret("old"))->limits, limits);
  EXPECT_EQ(db_->valid_keys({id})->at(0).limits, limits);
  EXPECT_EQ(*db_->hash_plain_keys(), 1u);
  EXPECT_EQ(db_->find_key(secret("old"))->limits, limits);
  EXPECT_EQ(db_->revoke_key(id)->limits, limits);
  EXPECT_EQ(db_->change_key("plain-0000000000000000", {.at_once = 1}).error(), errc::not_found);
}

TEST_P(taken_over_postgres, the_end_of_plain_keys_is_changed_in_their_table) {
  const std::string id = db_->find_key(secret("old"))->id;
  add("another", "'active'", "NULL");
  const wall_time later = std::chrono::floor<std::chrono::seconds>(wall_clock::now()) + 1h;
  EXPECT_EQ(db_->change_key(id, {.expires = later})->expires, later);
  EXPECT_EQ(db_->find_key(secret("old"))->expires, later);
  EXPECT_EQ(db_->valid_keys({id})->at(0).expires, later);
  EXPECT_FALSE(db_->find_key(secret("another"))->expires);
  EXPECT_EQ(one("SELECT count(*) FROM api_keys WHERE \"expiresAt\" > NOW()"), "1");
  EXPECT_TRUE(db_->change_key(id, {.expires = later - 2h})->expired);
  EXPECT_FALSE(is_valid("old"));
  EXPECT_FALSE(db_->change_key(id, {.expires = std::optional<wall_time>()})->expires);
  EXPECT_TRUE(is_valid("old"));
}

TEST_P(taken_over_postgres, own_keys_live_beside_them) {
  ASSERT_TRUE(db_->add_key(some_key("k")));
  EXPECT_TRUE(is_valid("k"));
  EXPECT_EQ(db_->list_keys({})->size(), 2u);
  EXPECT_EQ(one("SELECT count(*) FROM api_keys"), "1");
}

TEST_P(taken_over_postgres, machines_are_shown_with_owner_name_and_state) {
  ASSERT_TRUE(db_->add_user(some_user("u1")));
  ASSERT_TRUE(db_->add_user(some_user("u2")));
  ASSERT_TRUE(db_->put_asset(some_asset("u1", "m1")));
  EXPECT_EQ(one("SELECT \"userId\" || ' ' || name || ' ' || status FROM gpu_assets"),
            "u1 box online");
  asset gone = some_asset("u1", "m1");
  gone.online = false;
  ASSERT_TRUE(db_->put_asset(gone));
  EXPECT_EQ(one("SELECT status FROM gpu_assets"), "offline");
  // There a machine has one row, whoever logs in on it.
  ASSERT_TRUE(db_->put_asset(some_asset("u2", "m1")));
  EXPECT_EQ(one("SELECT \"userId\" || ' ' || status FROM gpu_assets"), "u2 online");
  EXPECT_EQ(*db_->put_silent_assets_offline(wall_clock::now() - 60s), 0u);
  EXPECT_EQ(*db_->put_silent_assets_offline(wall_clock::now() + 60s), 1u);
  EXPECT_EQ(one("SELECT status FROM gpu_assets"), "offline");
}

// --- other servers on the same database

TEST_F(postgres, a_change_by_another_server_is_noticed_at_once) {
  const auto here = open_it();
  const auto there = open_it();
  ASSERT_TRUE(there->add_key(some_key("k")));
  const auto before = here->change_count().value();
  ASSERT_TRUE(there->revoke_key("id-k"));
  EXPECT_TRUE(test::wait_until([&] { return here->change_count().value() != before; }, 900ms));
  EXPECT_EQ(here->find_key(secret("k"))->status, key_status::revoked);
}

// --- faults of the server

class postgres_faults : public testing::Test {
 protected:
  // Its own server, for it is stopped.
  static test::postgres_server& server() {
    static test::postgres_server own;
    return own;
  }
  const std::string url_ = server().make_database();
};

TEST_F(postgres_faults, a_server_that_hangs_costs_the_deadline_and_no_more) {
  const auto db = open(url_, {.timeout = 300ms}).value();
  ASSERT_TRUE(db->add_key(some_key("k")));
  server().freeze();
  for (int i = 0; i < 2; ++i) {  // on a kept connection, then on a new one
    const steady_time began = steady_clock::now();
    EXPECT_EQ(db->find_key(secret("k")).error(), errc::unavailable);
    EXPECT_LT(steady_clock::now() - began, 2s);
    EXPECT_GE(steady_clock::now() - began, 300ms);
  }
  EXPECT_TRUE(test::wait_until([&] { return !db->change_count(); }, 3s));
  server().resume();
  EXPECT_TRUE(test::wait_until([&] { return db->find_key(secret("k")).has_value(); }));
  EXPECT_TRUE(db->change_count());
}

TEST_F(postgres_faults, a_server_that_restarts_is_used_again) {
  const auto db = open(url_).value();
  ASSERT_TRUE(db->add_key(some_key("k")));
  ASSERT_TRUE(db->change_count());
  server().stop();
  EXPECT_EQ(db->find_key(secret("k")).error(), errc::unavailable);
  EXPECT_TRUE(test::wait_until([&] { return !db->change_count(); }, 3s));
  EXPECT_EQ(open(url_).error().code, errc::unavailable);
  server().start();
  EXPECT_TRUE(test::wait_until([&] { return db->find_key(secret("k")).has_value(); }));
  EXPECT_TRUE(db->change_count());
}

TEST_F(postgres_faults, a_server_that_is_away_at_the_start_is_waited_for) {
  server().stop();
  const auto db = open(url_, {.may_be_away = true}).value();
  EXPECT_EQ(db->find_key(secret("k")).error(), errc::unavailable);
  server().start();
  EXPECT_TRUE(test::wait_until([&] { return db->add_key(some_key("k")).has_value(); }));
}

TEST_F(postgres_faults, no_more_connections_than_allowed_are_made) {
  const auto db = open(url_, {.timeout = 20s, .connections = 2}).value();
  std::vector<std::thread> askers;
  std::atomic<int> answered{0};
  for (int i = 0; i < 16; ++i) {
    askers.emplace_back([&] { answered += db->list_keys({}).has_value(); });
  }
  for (auto& each : askers) each.join();
  EXPECT_EQ(answered, 16);
  EXPECT_LE(std::stoi(server().sql(url_,
                                   "SELECT count(*) FROM pg_stat_activity WHERE "
                                   "application_name = 'frpx' AND datname = "
                                   "current_database()")[0]),
            3);  // with the one that asks
}

}  // namespace
}  // namespace frpx::store
