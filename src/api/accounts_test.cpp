#include "api/rest_fixture.hpp"
#include "tests/support/captured_log.hpp"

namespace frpx::api {
namespace {

using accounts = rest;

TEST_F(accounts, a_key_is_made_listed_changed_and_revoked) {
  EXPECT_EQ(data("/api/keys"), json::array());
  const json::object made = data("/api/keys", "POST", R"({"name":"laptop","expires":"30d",
      "rpm":60,"models":["llama3"],"clients":null})")
                                .as_object();
  const std::string id(made.at("id").as_string());
  EXPECT_TRUE(made.at("key").as_string().starts_with("frpx_"));
  const auto row = server.rows->find_key(secret(std::string(made.at("key").as_string())));
  ASSERT_TRUE(row);
  EXPECT_EQ(row->id, id);
  EXPECT_EQ(row->limits, (store::key_limits{60, 0, {"llama3"}, {}}));
  ASSERT_TRUE(row->expires);
  EXPECT_LT(*row->expires - wall_clock::now() - std::chrono::days(30), 1min);

  EXPECT_EQ(data("/api/keys/" + id, "PATCH", R"({"rpm":null,"max_inflight":2})").at("limits"),
            json::parse(R"({"rpm":null,"max_inflight":2,"models":["llama3"],"clients":null})"));
  EXPECT_EQ(data("/api/keys/" + id, "PATCH", R"({"rpm":61})").at("expires"),
            json::value(to_rfc3339(*row->expires)));
  const auto shorter = data("/api/keys/" + id, "PATCH", R"({"expires":"1h"})");
  EXPECT_EQ(shorter.at("expires"),
            json::value(to_rfc3339(*server.rows->list_keys({})->at(0).expires)));
  EXPECT_LT(*server.rows->list_keys({})->at(0).expires - wall_clock::now(), 61min);
  EXPECT_TRUE(data("/api/keys/" + id, "PATCH", R"({"expires":null})").at("expires").is_null());
  EXPECT_FALSE(server.rows->list_keys({})->at(0).expires);

  const json::array listed = data("/api/keys").as_array();
  ASSERT_EQ(listed.size(), 1u);
  EXPECT_EQ(listed[0].at("name"), "laptop");
  EXPECT_EQ(listed[0].at("status"), "active");
  EXPECT_EQ(listed[0].at("limits").at("max_inflight"), 2);
  EXPECT_FALSE(listed[0].as_object().contains("key")) << "it was shown once";

  EXPECT_EQ(data("/api/keys/laptop", "DELETE"),
            json::value({{"id", id}, {"name", "laptop"}, {"status", "revoked"}}));
  EXPECT_EQ(data("/api/keys").at(0).at("status"), "revoked");
}

TEST_F(accounts, what_is_changed_is_told) {
  const auto listener = server.told.listen(std::nullopt);
  data("/api/users", "POST", R"({"email":"a@example.com","password":"hush"})");
  data("/api/keys", "POST", R"({"name":"laptop"})");
  expect_refusal("POST", "/api/keys", 409, R"({"name":"laptop"})");
  data("/api/users/a@example.com", "DELETE");
  std::string text;
  listener->produce(text);
  std::string types;
  for (auto at = text.find("event: "); at != text.npos; at = text.find("event: ", at + 1)) {
    types += text.substr(at + 7, text.find('\n', at) - at - 7) + " ";
  }
  EXPECT_EQ(types, "user.made key.made user.removed ");
  EXPECT_NE(text.find("\"name\":\"laptop\""), text.npos);
  EXPECT_EQ(text.find("hush"), text.npos);
  EXPECT_EQ(text.find("frpx_"), text.npos);
}

TEST_F(accounts, a_key_that_is_no_good_is_not_made) {
  const char* bad[] = {
      "",
      "[]",
      "{",
      R"({"name":""})",
      R"({"name":7})",
      R"({"name":"a","rmp":60})",
      R"({"name":"a","rpm":-1})",
      R"({"name":"a","rpm":1.5})",
      R"({"name":"a","rpm":100001})",
      R"({"name":"a","rpm":4294967296})",
      R"({"name":"a","models":"x"})",
      R"({"name":"a","models":[1]})",
      R"({"name":"a","models":["two words"]})",
      R"({"name":"a","expires":"soon"})",
      R"({"name":"a","expires":"0"})",
  };
  for (const char* body : bad) expect_refusal("POST", "/api/keys", 400, body);
  expect_refusal("POST", "/api/keys", 404, R"({"name":"a","user":"nobody@example.com"})");
  EXPECT_EQ(data("/api/keys"), json::array());
  data("/api/keys", "POST", R"({"name":"a","rpm":100000})");
  EXPECT_EQ(expect_refusal("POST", "/api/keys", 409, R"({"name":"a"})"),
            "there is a key `a` already");
  EXPECT_EQ(expect_refusal("DELETE", "/api/keys/b", 404), "there is no key `b`");
  EXPECT_EQ(expect_refusal("PATCH", "/api/keys/a", 400, R"({"rpm":1,"max":2})"),
            "There is no member `max`");
  expect_refusal("PATCH", "/api/keys/b", 404, R"({"rpm":1})");
  for (const char* end : {R"({"expires":"soon"})", R"({"expires":"0"})", R"({"expires":30})"}) {
    expect_refusal("PATCH", "/api/keys/a", 400, end);
  }
  for (const std::string& name :
       {std::string("%FF"), std::string("a%00b"), std::string(257, 'a')}) {
    expect_refusal("DELETE", "/api/keys/" + name, 400);
  }
  expect_refusal("DELETE", "/api/keys/" + std::string(256, 'a'), 404);
}

TEST_F(accounts, a_user_is_made_changed_and_removed) {
  const json::value made =
      data("/api/users", "POST", R"({"email":"Me@Example.com","password":"a b c"})");
  EXPECT_EQ(made.at("email"), "me@example.com");
  EXPECT_EQ(made.at("role"), "client");
  const std::string hash = server.rows->find_user("me@example.com")->password_hash;
  EXPECT_EQ(data("/api/users/me%40example.com", "PATCH", R"({"role":"admin"})").at("role"),
            "admin");
  EXPECT_EQ(server.rows->find_user("me@example.com")->role, store::role::admin);
  data("/api/users/me@example.com", "PATCH", R"({"password":"another"})");
  EXPECT_NE(server.rows->find_user("me@example.com")->password_hash, hash);
  for (const char* bad : {"{}", R"({"role":"king"})", R"({"password":""})", R"({"email":"x"})",
                          R"({"role":"admin","password":"x"})"}) {
    expect_refusal("PATCH", "/api/users/me@example.com", 400, bad);
  }
  for (const char* bad : {"{}", R"({"email":"x@y.z"})", R"({"email":"","password":"x"})",
                          R"({"email":"x@y.z","password":"x","role":"king"})"}) {
    expect_refusal("POST", "/api/users", 400, bad);
  }
  expect_refusal("POST", "/api/users", 409, R"({"email":"me@example.com","password":"x"})");
  data("/api/users/me@example.com", "DELETE");
  EXPECT_FALSE(server.rows->find_user("me@example.com"));
  expect_refusal("DELETE", "/api/users/me@example.com", 404);
}

TEST_F(accounts, a_users_ports_are_told_and_changed) {
  data("/api/users", "POST", R"({"email":"a@b.c","password":"x"})");
  data("/api/users", "POST", R"({"email":"d@e.f","password":"x","ports":"1-2, 9"})");
  EXPECT_EQ(data("/api/users/A@b.c").at("ports"), "any");
  EXPECT_EQ(data("/api/users/d@e.f").at("ports"), "1-2,9");
  EXPECT_EQ(data("/api/users/a@b.c", "PATCH", R"({"ports":"9000-9099"})").at("ports"), "9000-9099");
  EXPECT_EQ(server.rows->find_user("a@b.c")->ports, "9000-9099");
  EXPECT_EQ(data("/api/users/d@e.f", "PATCH", R"({"ports":"any"})").at("ports"), "any");
  EXPECT_EQ(server.rows->find_user("d@e.f")->ports, "");
  EXPECT_EQ(data("/api/audit?limit=1").at(0).at("action"), "change the ports of user");
  EXPECT_TRUE(data("/api/users/d@e.f").at("leases").is_null());
  EXPECT_EQ(data("/api/users/d@e.f", "PATCH", R"({"leases":7})").at("leases"), 7);
  EXPECT_EQ(server.rows->find_user("d@e.f")->leases, 7u);
  EXPECT_EQ(data("/api/users/d@e.f", "PATCH", R"({"leases":0})").at("leases"), 0);
  EXPECT_TRUE(data("/api/users/d@e.f", "PATCH", R"({"leases":null})").at("leases").is_null());
  expect_refusal("PATCH", "/api/users/d@e.f", 400, R"({"leases":"7"})");
  expect_refusal("PATCH", "/api/users/d@e.f", 400, R"({"leases":7,"ports":"any"})");
  const json::array all = data("/api/users?details=true").as_array();
  ASSERT_EQ(all.size(), 2u);
  EXPECT_EQ(all[0], data("/api/users/a@b.c"));
  EXPECT_EQ(data("/api/users?details=true&ports=any").as_array().size(), 1u);
  EXPECT_NE(expect_refusal("PATCH", "/api/users/a@b.c", 400, R"({"ports":"9-8"})").find("`ports`"),
            std::string::npos);
  expect_refusal("PATCH", "/api/users/a@b.c", 400, R"({"ports":"9","role":"admin"})");
  expect_refusal("POST", "/api/users", 400, R"({"email":"g@h.i","password":"x","ports":"0"})");
  expect_refusal("PATCH", "/api/users/x@y.z", 404, R"({"ports":"9"})");
  expect_refusal("GET", "/api/users/x@y.z", 404);
  expect_refusal("GET", "/api/users/a%00b", 400);
  expect_refusal("GET", "/api/users?details=yes", 400);
}

TEST_F(accounts, tokens_are_listed_and_revoked) {
  const wall_time now = wall_clock::now();
  const std::string user(
      data("/api/users", "POST", R"({"email":"a@b.c","password":"x"})").at("id").as_string());
  ASSERT_TRUE(server.rows->add_token(
      {.id = "t1", .user_id = user, .client_id = {}, .issued = now, .expires = now + 1h}));
  EXPECT_EQ(data("/api/tokens").as_array().size(), 1u);
  EXPECT_EQ(data("/api/tokens").at(0).at("user"), "a@b.c");
  EXPECT_EQ(data("/api/tokens/t1", "DELETE").at("status"), "revoked");
  EXPECT_EQ(data("/api/tokens").at(0).at("status"), "revoked");
  expect_refusal("DELETE", "/api/tokens/t2", 404);
}

TEST_F(accounts, client_ids_are_listed_and_freed) {
  const std::string user(
      data("/api/users", "POST", R"({"email":"a@b.c","password":"a long password"})")
          .at("id")
          .as_string());
  const wall_time now = wall_clock::now();
  ASSERT_TRUE(
      server.rows->claim_client({.id = "gpu-1", .user_id = user, .since = now, .seen = now}, 9));
  EXPECT_EQ(data("/api/client-ids").at(0).at("client_id"), "gpu-1");
  EXPECT_EQ(data("/api/client-ids?user=a@b.c").as_array().size(), 1u);
  EXPECT_EQ(data("/api/client-ids/gpu-1", "DELETE").at("user"), "a@b.c");
  EXPECT_EQ(data("/api/client-ids").as_array().size(), 0u);
  expect_refusal("DELETE", "/api/client-ids/gpu-1", 404);
}

TEST_F(accounts, without_a_store_nothing_is_promised) {
  server.store_error = make_error_code(store::errc::unavailable);
  expect_refusal("GET", "/api/keys", 503);
  expect_refusal("GET", "/api/tokens", 503);
  expect_refusal("POST", "/api/keys", 503, R"({"name":"a"})");
}

TEST_F(accounts, every_change_is_written_down_and_no_secret) {
  const test::captured_log log;
  const std::string key(data("/api/keys", "POST", R"({"name":"laptop"})").at("key").as_string());
  data("/api/users", "POST", R"({"email":"a@b.c","password":"hidden"})");
  data("/api/users/a@b.c", "PATCH", R"({"password":"hidden too"})");
  data("/api/keys/laptop", "DELETE");
  expect_refusal("DELETE", "/api/tokens/none", 404);
  data("/api/clients/client_A/drain", "POST");
  data("/api/clients/client_A", "DELETE");
  const std::string text = log.text();
  for (const char* line :
       {"audit: make key laptop by ", "audit: make user a@b.c by ",
        "audit: change the password of user a@b.c by ", "audit: revoke key laptop by ",
        "audit: revoke token none by ", "there is no token `none`",
        "audit: drain client client_A by ", "audit: disconnect client client_A by "}) {
    EXPECT_NE(text.find(line), std::string::npos) << line << text;
  }
  EXPECT_EQ(text.find(key), std::string::npos);
  EXPECT_EQ(text.find("hidden"), std::string::npos);
}

}  // namespace
}  // namespace frpx::api
