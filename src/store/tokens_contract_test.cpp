// What every store promises of tokens.
#include "store/contract_fixture.hpp"

namespace frpx::store {
namespace {

using namespace std::chrono_literals;

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

}  // namespace
}  // namespace frpx::store
