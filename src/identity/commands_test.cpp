#include "identity/commands.hpp"

#include <gtest/gtest.h>

#include <boost/json/parse.hpp>

#include "identity/key_checker.hpp"
#include "identity/logins.hpp"
#include "store/memory/memory_store.hpp"

namespace frpx::identity {
namespace {

using namespace std::chrono_literals;

class commands : public testing::Test {
 protected:
  static boost::json::value json_of(const outcome& from) {
    EXPECT_EQ(from.out.find('\n'), from.out.size() - 1) << from.out;
    return boost::json::parse(from.out);
  }
  bool may_log_in(const char* email, const char* password) {
    logins in(store_, token_signer(secret(std::string(32, 's'))));
    return in.login(email, secret(password), boost::asio::ip::make_address("192.0.2.1"), {})
        .has_value();
  }
  outcome add_user(const char* email = "Me@Example.com", form as = form::lines) {
    return user_add(store_, email, secret("password"), store::role::viewer, as, now_);
  }

  const wall_time now_ = wall_clock::now();
  store::memory_store store_;
};

TEST_F(commands, user_add_makes_a_user_who_may_log_in) {
  const outcome added = add_user();
  EXPECT_EQ(added.code, 0);
  EXPECT_EQ(added.out, "added user `me@example.com`\n");
  EXPECT_EQ(added.err, "");
  EXPECT_TRUE(may_log_in("me@example.com", "password"));
  EXPECT_EQ(store_.find_user("me@example.com")->role, store::role::viewer);
}

TEST_F(commands, user_add_in_json) {
  const auto added = json_of(add_user("me@example.com", form::json));
  EXPECT_EQ(added.at("email"), "me@example.com");
  EXPECT_EQ(added.at("role"), "viewer");
  EXPECT_EQ(added.at("id").as_string(), store_.find_user("me@example.com")->id);
}

TEST_F(commands, user_add_refuses_a_second_one_bad_addresses_and_empty_passwords) {
  ASSERT_EQ(add_user().code, 0);
  const outcome again = add_user();
  EXPECT_EQ(again.code, 1);
  EXPECT_EQ(again.out, "");
  EXPECT_EQ(again.err, "frps: there is a user `me@example.com` already\n");
  const outcome in_json = add_user("me@example.com", form::json);
  EXPECT_EQ(in_json.code, 1);
  EXPECT_EQ(json_of(in_json).at("error"), "there is a user `me@example.com` already");
  EXPECT_EQ(add_user("").code, 1);
  EXPECT_EQ(add_user("a\nb").code, 1);
  EXPECT_EQ(user_add(store_, "x@y", secret(), store::role::client, form::lines, now_).code, 1);
  EXPECT_EQ(store_.list_users({})->size(), 1u);
}

TEST_F(commands, user_list_shows_all_and_no_hash) {
  ASSERT_EQ(add_user("one@example.com").code, 0);
  ASSERT_EQ(add_user("two@example.com").code, 0);
  const outcome lines = user_list(store_, form::lines);
  EXPECT_EQ(lines.code, 0);
  EXPECT_EQ(std::count(lines.out.begin(), lines.out.end(), '\n'), 3);
  EXPECT_NE(lines.out.find("two@example.com  viewer"), std::string::npos) << lines.out;
  EXPECT_EQ(lines.out.find("argon2"), std::string::npos);
  const auto array = json_of(user_list(store_, form::json)).as_array();
  ASSERT_EQ(array.size(), 2u);
  EXPECT_EQ(array[0].as_object().size(), 6u);
  EXPECT_EQ(array[0].at("ports"), "any");
}

TEST_F(commands, user_remove_and_passwd) {
  ASSERT_EQ(add_user().code, 0);
  EXPECT_EQ(user_passwd(store_, "ME@example.com", secret("new"), form::lines).out,
            "changed the password of user `me@example.com`\n");
  EXPECT_TRUE(may_log_in("me@example.com", "new"));
  EXPECT_FALSE(may_log_in("me@example.com", "password"));
  EXPECT_EQ(user_passwd(store_, "me@example.com", secret(), form::lines).code, 1);
  EXPECT_EQ(user_remove(store_, "ME@example.com", form::lines).out,
            "removed user `me@example.com`\n");
  EXPECT_FALSE(may_log_in("me@example.com", "new"));
  EXPECT_EQ(user_remove(store_, "me@example.com", form::lines).err,
            "frps: there is no user `me@example.com`\n");
  EXPECT_EQ(user_passwd(store_, "me@example.com", secret("x"), form::lines).code, 1);
}

TEST_F(commands, key_add_prints_id_key_and_name) {
  const auto added = json_of(key_add(store_, "N", "", {}, form::json, now_)).as_object();
  EXPECT_EQ(added.size(), 3u);
  EXPECT_EQ(added.at("name"), "N");
  const std::string text(added.at("key").as_string());
  const verdict judged = key_checker(store_, {}).check(text, {});
  EXPECT_TRUE(judged.is_valid());
  EXPECT_EQ(judged.key->id, added.at("id").as_string());
}

TEST_F(commands, key_add_in_lines_gives_the_key_alone_to_scripts) {
  const outcome added = key_add(store_, "N", "", {}, form::lines, now_);
  EXPECT_EQ(added.code, 0);
  ASSERT_EQ(added.out.size(), 49u);
  EXPECT_TRUE(key_checker(store_, {}).check(added.out.substr(0, 48), {}).is_valid());
  EXPECT_NE(added.err.find("it is not shown again"), std::string::npos);
}

TEST_F(commands, key_add_with_owner_and_life) {
  ASSERT_EQ(add_user().code, 0);
  ASSERT_EQ(key_add(store_, "N", "Me@example.com", 30 * 24h, form::json, now_).code, 0);
  const auto row = store_.list_keys({})->front();
  EXPECT_EQ(row.owner, store_.find_user("me@example.com")->id);
  EXPECT_EQ(row.expires, std::chrono::floor<std::chrono::microseconds>(now_) + 30 * 24h);
  EXPECT_EQ(key_add(store_, "M", "you@example.com", {}, form::lines, now_).err,
            "frps: there is no user `you@example.com`\n");
}

TEST_F(commands, key_add_refuses_a_second_of_that_name_and_bad_names) {
  ASSERT_EQ(key_add(store_, "N", "", {}, form::lines, now_).code, 0);
  const outcome again = key_add(store_, "N", "", {}, form::lines, now_);
  EXPECT_EQ(again.code, 1);
  EXPECT_EQ(again.out, "");
  EXPECT_EQ(again.err, "frps: there is a key `N` already\n");
  EXPECT_EQ(key_add(store_, "", "", {}, form::lines, now_).code, 1);
  EXPECT_EQ(key_add(store_, std::string(257, 'x'), "", {}, form::lines, now_).code, 1);
}

TEST_F(commands, key_list_shows_all_states_and_no_key) {
  const auto added = json_of(key_add(store_, "active one", "", {}, form::json, now_));
  ASSERT_EQ(key_add(store_, "expired one", "", 1s, form::json, now_ - 2s).code, 0);
  ASSERT_EQ(key_add(store_, "revoked one", "", {}, form::json, now_ - 3s).code, 0);
  ASSERT_EQ(key_revoke(store_, "revoked one", form::lines).code, 0);
  const outcome in_json = key_list(store_, form::json);
  const auto array = json_of(in_json).as_array();
  ASSERT_EQ(array.size(), 3u);
  EXPECT_EQ(array[0].at("status"), "revoked");
  EXPECT_EQ(array[1].at("status"), "expired");
  EXPECT_EQ(array[2].at("status"), "active");
  EXPECT_EQ(array[2].at("id"), added.at("id"));
  EXPECT_TRUE(array[2].at("last_used").is_null());
  const std::string text(added.at("key").as_string());
  const outcome lines = key_list(store_, form::lines);
  for (const std::string& out : {in_json.out, lines.out}) {
    EXPECT_EQ(out.find(text), std::string::npos);
    EXPECT_EQ(out.find("frpx_"), std::string::npos);
  }
  EXPECT_EQ(std::count(lines.out.begin(), lines.out.end(), '\n'), 4);
}

TEST_F(commands, key_limits_are_given_changed_and_listed) {
  const store::key_limits limits{60, 4, {"llama3", "a/b:8b"}, {"box"}};
  ASSERT_EQ(key_add(store_, "one", "", {}, form::lines, now_, limits).code, 0);
  ASSERT_EQ(key_add(store_, "two", "", {}, form::lines, now_ + 1s).code, 0);
  EXPECT_NE(key_list(store_, form::lines)
                .out.find("rpm=60 max-inflight=4 models=llama3,a/b:8b clients=box"),
            std::string::npos);
  auto listed = json_of(key_list(store_, form::json)).as_array();
  EXPECT_EQ(listed[0].at("limits"), boost::json::parse(R"({"rpm":60,"max_inflight":4,
            "models":["llama3","a/b:8b"],"clients":["box"]})"));
  EXPECT_EQ(listed[1].at("limits"), boost::json::parse(R"({"rpm":null,"max_inflight":null,
            "models":null,"clients":null})"));
  const store::key_change change{.at_once = 0, .models = std::vector<std::string>()};
  const outcome changed = key_set(store_, "one", {}, form::lines, now_, change);
  EXPECT_EQ(changed.code, 0);
  EXPECT_TRUE(changed.out.ends_with("has the limits: rpm=60 clients=box; expires: -\n"))
      << changed.out;
  const auto second = json_of(key_set(store_, "two", {}, form::json, now_, {.per_minute = 1}));
  EXPECT_EQ(second.at("limits").at("rpm"), 1);
  EXPECT_EQ(key_set(store_, "three", {}, form::lines, now_).err, "frps: there is no key `three`\n");
  const outcome wrong = key_set(store_, "two", {}, form::lines, now_, {.models = {{"a b"}}});
  EXPECT_TRUE(wrong.err.starts_with("frps: a key's limits are numbers up to 100000")) << wrong.err;
  EXPECT_EQ(key_add(store_, "x", "", {}, form::lines, now_, {.per_minute = 100'001}).code, 1);
}

TEST_F(commands, key_set_changes_when_a_key_expires) {
  ASSERT_EQ(key_add(store_, "N", "", 24h, form::lines, now_, {.per_minute = 60}).code, 0);
  const auto given = json_of(key_set(store_, "N", 30 * 24h, form::json, now_));
  const auto row = store_.list_keys({})->front();
  EXPECT_EQ(row.expires, std::chrono::floor<std::chrono::microseconds>(now_) + 30 * 24h);
  EXPECT_EQ(given.at("expires").as_string(), to_rfc3339(*row.expires));
  EXPECT_EQ(row.limits.per_minute, 60u);
  EXPECT_TRUE(json_of(key_set(store_, "N", 0s, form::json, now_)).at("expires").is_null());
  EXPECT_FALSE(store_.list_keys({})->front().expires);
}

TEST_F(commands, lists_hold_more_than_one_page) {
  for (std::size_t i = 0; i < store::longest_page + 1; ++i) {
    store::api_key row{.id = "k" + std::to_string(i), .name = "n" + std::to_string(i)};
    row.hash = sha256(row.name);
    ASSERT_TRUE(store_.add_key(row));
  }
  EXPECT_EQ(json_of(key_list(store_, form::json)).as_array().size(), store::longest_page + 1);
}

TEST_F(commands, key_revoke_by_id_or_name) {
  const auto one = json_of(key_add(store_, "one", "", {}, form::json, now_));
  ASSERT_EQ(key_add(store_, "two", "", {}, form::json, now_).code, 0);
  const std::string id(one.at("id").as_string());
  EXPECT_EQ(key_revoke(store_, id, form::lines).out, "revoked key `one` with id " + id + "\n");
  EXPECT_EQ(json_of(key_revoke(store_, "two", form::json)).at("status"), "revoked");
  EXPECT_EQ(key_revoke(store_, "three", form::lines).err, "frps: there is no key `three`\n");
  EXPECT_FALSE(
      key_checker(store_, {}).check(std::string(one.at("key").as_string()), {}).is_valid());
}

TEST_F(commands, a_role_is_given_and_changed) {
  ASSERT_EQ(add_user().code, 0);
  EXPECT_EQ(store_.find_user("me@example.com")->role, store::role::viewer);
  EXPECT_EQ(user_role(store_, "ME@example.com", store::role::admin, form::lines).out,
            "user `me@example.com` is admin\n");
  EXPECT_EQ(store_.find_user("me@example.com")->role, store::role::admin);
  EXPECT_EQ(user_role(store_, "you@example.com", store::role::admin, form::json).code, 1);
}

TEST_F(commands, ports_are_given_and_changed) {
  ASSERT_EQ(user_add(store_, "me@example.com", secret("password"), store::role::client, form::lines,
                     now_, "9000-9099")
                .code,
            0);
  EXPECT_EQ(store_.find_user("me@example.com")->ports, "9000-9099");
  EXPECT_EQ(json_of(user_list(store_, form::json)).at(0).at("ports"), "9000-9099");
  EXPECT_EQ(user_ports(store_, "ME@example.com", "10022", form::lines).out,
            "user `me@example.com` may have the outer ports 10022\n");
  EXPECT_EQ(
      user_show(store_, "ME@example.com", form::lines).out,
      "user `me@example.com` is client and may have the outer ports 10022, at once as many as "
      "--max-leases says\n");
  EXPECT_EQ(user_leases(store_, "ME@example.com", 5, form::lines).out,
            "user `me@example.com` may have outer ports at once: up to 5\n");
  EXPECT_EQ(json_of(user_show(store_, "me@example.com", form::json)).at("leases"), 5);
  EXPECT_EQ(json_of(user_leases(store_, "me@example.com", 0, form::json)).at("leases"), 0);
  EXPECT_TRUE(
      json_of(user_leases(store_, "me@example.com", {}, form::json)).at("leases").is_null());
  EXPECT_EQ(user_leases(store_, "you@example.com", 5, form::json).code, 1);
  EXPECT_EQ(json_of(user_show(store_, "me@example.com", form::json)),
            json_of(user_list(store_, form::json)).at(0));
  EXPECT_EQ(user_show(store_, "you@example.com", form::json).code, 1);
  EXPECT_EQ(json_of(user_ports(store_, "me@example.com", "", form::json)).at("ports"), "any");
  EXPECT_EQ(store_.find_user("me@example.com")->ports, "");
  EXPECT_EQ(user_ports(store_, "you@example.com", "9000", form::json).code, 1);
}

TEST_F(commands, client_ids_are_listed_with_their_owner_and_forgotten) {
  ASSERT_EQ(add_user().code, 0);
  const std::string user = store_.find_user("me@example.com")->id;
  for (const char* id : {"gpu-2", "gpu-1"}) {
    ASSERT_TRUE(store_.claim_client({.id = id, .user_id = user, .since = now_, .seen = now_}, 9));
  }
  const auto listed = json_of(client_list(store_, form::json)).as_array();
  ASSERT_EQ(listed.size(), 2u);
  EXPECT_EQ(listed[0].at("client_id"), "gpu-1");
  EXPECT_EQ(listed[0].at("user"), "me@example.com");
  EXPECT_EQ(listed[0].at("since"), boost::json::value(to_rfc3339(now_)));
  EXPECT_EQ(listed[0].at("last_seen"), boost::json::value(to_rfc3339(now_)));
  EXPECT_NE(client_list(store_, form::lines).out.find("gpu-1"), std::string::npos);
  EXPECT_EQ(json_of(client_forget(store_, "gpu-1", form::json)).at("user"), "me@example.com");
  EXPECT_EQ(client_forget(store_, "gpu-1", form::lines).err,
            "frps: there is no client id `gpu-1`\n");
  EXPECT_EQ(json_of(client_list(store_, form::json)).as_array().size(), 1u);
}

TEST_F(commands, tokens_are_listed_with_their_user_and_revoked) {
  ASSERT_EQ(add_user().code, 0);
  const std::string user = store_.find_user("me@example.com")->id;
  const wall_time now = wall_clock::now();
  ASSERT_TRUE(store_.add_token(
      {.id = "t1", .user_id = user, .client_id = "c", .issued = now, .expires = now + 1h}));
  ASSERT_TRUE(
      store_.add_token({.id = "t2", .user_id = user, .issued = now - 2h, .expires = now - 1h}));
  const auto listed = json_of(token_list(store_, form::json)).as_array();
  ASSERT_EQ(listed.size(), 2u);
  EXPECT_EQ(listed[0].at("status"), "expired");
  EXPECT_TRUE(listed[0].at("client").is_null());
  EXPECT_EQ(listed[1].at("id"), "t1");
  EXPECT_EQ(listed[1].at("status"), "active");
  EXPECT_EQ(listed[1].at("user"), "me@example.com");
  EXPECT_EQ(listed[1].at("client"), "c");
  EXPECT_EQ(token_revoke(store_, "t1", form::lines).out, "revoked token t1\n");
  EXPECT_TRUE(store_.find_token("t1")->revoked);
  EXPECT_NE(token_list(store_, form::lines).out.find("revoked"), std::string::npos);
  EXPECT_EQ(token_revoke(store_, "t3", form::lines).code, 1);
}

TEST_F(commands, usage_is_listed_with_the_names_of_keys) {
  const auto added = json_of(key_add(store_, "laptop", "", {}, form::json, now_));
  const std::string id(added.at("id").as_string());
  const wall_time hour = std::chrono::floor<std::chrono::hours>(now_);
  const store::usage_row rows[] = {{id, "box", "m", hour, {5, 1, 20, 300, 4000, 50'000}},
                                   {"gone", "", "", hour, {2, 0, 0, 0, 0, 0}}};
  ASSERT_TRUE(store_.add_usage("b", rows));
  const auto list = [&](store::usage_by by, form as) {
    return usage_list(store_, by, hour, hour + 1h, as);
  };
  const auto keys = json_of(list(store::usage_by::key, form::json)).as_array();
  ASSERT_EQ(keys.size(), 2u);
  EXPECT_EQ(keys[0].at("key"), boost::json::value(id));
  EXPECT_EQ(keys[0].at("name"), "laptop");
  EXPECT_EQ(keys[0].at("completion_tokens"), 50'000);
  EXPECT_TRUE(keys[1].at("name").is_null());
  const auto clients = json_of(list(store::usage_by::client, form::json)).as_array();
  EXPECT_EQ(clients[0].at("client"), "box");
  EXPECT_FALSE(clients[0].as_object().contains("name"));
  EXPECT_EQ(list(store::usage_by::model, form::lines).out,
            "REQUESTS  ERRORS  BYTES IN  BYTES OUT  PROMPT TOKENS  COMPLETION TOKENS  MODEL\n"
            "5         1       20        300        4000           50000              m\n"
            "2         0       0         0          0              0                  -\n");
  EXPECT_NE(list(store::usage_by::key, form::lines).out.find(id + " laptop"), std::string::npos);
  EXPECT_EQ(usage_list(store_, store::usage_by::key, hour + 1h, hour + 2h, form::json).out, "[]\n");
}

TEST_F(commands, the_database_says_what_it_holds) {
  ASSERT_EQ(add_user().code, 0);
  const auto said = json_of(db_status(store_, form::json)).as_object();
  EXPECT_EQ(said.at("kind"), "memory");
  EXPECT_EQ(said.at("users"), 1);
  EXPECT_EQ(said.at("keys"), 0);
  EXPECT_NE(db_status(store_, form::lines).out.find("users:       1\n"), std::string::npos)
      << db_status(store_, form::lines).out;
  EXPECT_EQ(key_migrate(store_, form::lines).out, "hashed 0 plain keys\n");
}

}  // namespace
}  // namespace frpx::identity
