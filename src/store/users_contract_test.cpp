// What every store promises of users.
#include <set>

#include "store/contract_fixture.hpp"

namespace frpx::store {
namespace {

using namespace std::chrono_literals;

TEST_P(store_contract, a_user_comes_back_as_added) {
  user row = some_user("u1");
  row.role = role::admin;
  row.created = t0 + 1234567us;
  row.ports = "9000-9099,10022";
  row.leases = 12;
  ASSERT_TRUE(db().add_user(row));
  for (const auto& found : {db().find_user("u1@example.com"), db().find_user_by_id("u1")}) {
    ASSERT_TRUE(found);
    EXPECT_EQ(found->id, "u1");
    EXPECT_EQ(found->email, "u1@example.com");
    EXPECT_EQ(found->password_hash, "$hash$u1");
    EXPECT_EQ(found->role, role::admin);
    EXPECT_EQ(found->created, row.created);
    EXPECT_EQ(found->ports, row.ports);
    EXPECT_EQ(found->leases, row.leases);
  }
}

TEST_P(store_contract, an_unknown_user_is_not_found) {
  EXPECT_EQ(db().find_user("nobody@example.com").error(), errc::not_found);
  EXPECT_EQ(db().find_user_by_id("nobody").error(), errc::not_found);
  EXPECT_EQ(db().set_password("nobody@example.com", "$h").error(), errc::not_found);
  EXPECT_EQ(db().set_role("nobody@example.com", role::admin).error(), errc::not_found);
  EXPECT_EQ(db().set_ports("nobody@example.com", "9000").error(), errc::not_found);
  EXPECT_EQ(db().set_leases("nobody@example.com", 9).error(), errc::not_found);
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
  EXPECT_EQ(db().find_user_by_id("u1")->leases, std::nullopt);
  for (const std::optional<std::uint32_t> most : {std::optional(7u), std::optional(0u), {}}) {
    ASSERT_TRUE(db().set_leases("u1@example.com", most));
    EXPECT_EQ(db().find_user_by_id("u1")->leases, most);
  }
}

TEST_P(store_contract, a_new_password_revokes_the_users_tokens) {
  for (const char* id : {"u1", "u2"}) {
    ASSERT_TRUE(db().add_user(some_user(id)));
    ASSERT_TRUE(db().add_token(some_token(std::string("first-of-") + id, id)));
    ASSERT_TRUE(db().add_token(some_token(std::string("second-of-") + id, id)));
  }
  const auto before = db().change_count();
  ASSERT_TRUE(db().set_password("u1@example.com", "$new$"));
  EXPECT_TRUE(db().find_token("first-of-u1")->revoked);
  EXPECT_TRUE(db().find_token("second-of-u1")->revoked);
  EXPECT_FALSE(db().find_token("first-of-u2")->revoked);
  EXPECT_NE(*before, *db().change_count());
  ASSERT_TRUE(db().add_token(some_token("later", "u1")));
  EXPECT_FALSE(db().find_token("later")->revoked);
}

TEST_P(store_contract, a_role_that_brings_no_clients_in_revokes_the_users_tokens) {
  for (const char* id : {"u1", "u2"}) {
    ASSERT_TRUE(db().add_user(some_user(id)));
    ASSERT_TRUE(db().add_token(some_token(std::string("token-") + id, id)));
  }
  for (const role may : {role::admin, role::client}) {
    ASSERT_TRUE(db().set_role("u1@example.com", may));
    EXPECT_FALSE(db().find_token("token-u1")->revoked) << to_string(may);
  }
  ASSERT_TRUE(db().set_role("u1@example.com", role::viewer));
  EXPECT_TRUE(db().find_token("token-u1")->revoked);
  EXPECT_FALSE(db().find_token("token-u2")->revoked);
}

TEST_P(store_contract, many_users_are_found_at_once) {
  for (const char* id : {"u1", "u2"}) ASSERT_TRUE(db().add_user(some_user(id)));
  const auto found = db().find_users({"u2", "nobody", "u1"});
  ASSERT_TRUE(found);
  std::set<std::string> emails;
  for (const user& each : *found) emails.insert(each.email);
  EXPECT_EQ(emails, (std::set<std::string>{"u1@example.com", "u2@example.com"}));
  EXPECT_TRUE(db().find_users({})->empty());
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

}  // namespace
}  // namespace frpx::store
