#include "identity/logins.hpp"

#include <gtest/gtest.h>

#include "core/random.hpp"
#include "identity/api_keys.hpp"
#include "identity/demo.hpp"
#include "identity/key_checker.hpp"
#include "identity/passwords.hpp"
#include "identity/test_store.hpp"

namespace frpx::identity {
namespace {

using namespace std::chrono_literals;

const steady_time t0{1000s};
const auto home = boost::asio::ip::make_address("192.0.2.1");
constexpr steady_time::duration none = steady_time::duration::zero();

class login : public testing::Test {
 protected:
  login() {
    const std::string hash = hash_password(secret("right")).value();
    EXPECT_TRUE(store_.add_user({.id = "u1",
                                 .email = "me@example.com",
                                 .password_hash = hash,
                                 .role = store::role::admin,
                                 .created = now_}));
  }
  result<account> by_password(const char* email, const char* password, steady_time when = t0) {
    return logins_.login(email, secret(password), home, when);
  }

  const wall_time now_ = std::chrono::floor<std::chrono::seconds>(wall_clock::now());
  const token_signer signer_{secret(random_hex(32))};
  test_store store_;
  logins logins_{store_, signer_};
};

TEST_F(login, by_password) {
  const auto in = by_password("me@example.com", "right");
  ASSERT_TRUE(in);
  EXPECT_EQ(in->user_id, "u1");
  EXPECT_EQ(in->email, "me@example.com");
  EXPECT_EQ(in->role, store::role::admin);
  EXPECT_EQ(in->token_id, "");
  EXPECT_TRUE(by_password("Me@Example.COM", "right"));
}

TEST_F(login, a_wrong_password_and_an_unknown_user_look_the_same) {
  const error_code wrong = by_password("me@example.com", "wrong").error();
  EXPECT_EQ(wrong, errc::wrong_credentials);
  EXPECT_EQ(by_password("you@example.com", "right").error(), wrong);
  EXPECT_EQ(by_password("", "").error(), wrong);
  EXPECT_EQ(by_password("a\nb", "right").error(), wrong);

  const auto time_of = [&](const char* email) {
    const auto begun = steady_clock::now();
    EXPECT_FALSE(by_password(email, "wrong"));
    return steady_clock::now() - begun;
  };
  EXPECT_GT(time_of("you@example.com"), time_of("me@example.com") / 4);
}

TEST_F(login, the_tenth_wrong_try_closes_the_door_for_right_ones_too) {
  for (int i = 0; i < 10; ++i) {
    EXPECT_EQ(logins_.wait_before("me@example.com", home, t0), none);
    EXPECT_EQ(by_password("me@example.com", "wrong").error(), errc::wrong_credentials);
  }
  EXPECT_EQ(by_password("me@example.com", "right").error(), errc::throttled);
  EXPECT_EQ(by_password("ME@example.com", "right").error(), errc::throttled);
  EXPECT_EQ(logins_.wait_before("ME@example.com", home, t0), 5s);
  EXPECT_TRUE(by_password("me@example.com", "right", t0 + 5s));
}

TEST_F(login, accounts_that_do_not_exist_are_slowed_down_alike) {
  for (int i = 0; i < 10; ++i) {
    EXPECT_EQ(by_password("you@example.com", "x").error(), errc::wrong_credentials);
  }
  EXPECT_EQ(by_password("you@example.com", "x").error(), errc::throttled);
}

TEST_F(login, right_tries_and_a_store_that_is_away_cost_nothing) {
  for (int i = 0; i < 12; ++i) EXPECT_TRUE(by_password("me@example.com", "right"));
  store_.fault = store::errc::unavailable;
  for (int i = 0; i < 12; ++i) {
    EXPECT_EQ(by_password("me@example.com", "wrong").error(), store::errc::unavailable);
  }
  store_.fault = {};
  EXPECT_TRUE(by_password("me@example.com", "right"));
}

TEST_F(login, a_password_that_was_changed_meanwhile_brings_no_token) {
  const auto in = by_password("me@example.com", "right");
  ASSERT_TRUE(in);
  ASSERT_TRUE(logins_.issue_token(*in, now_));
  ASSERT_TRUE(store_.set_password("me@example.com", hash_password(secret("other")).value()));
  EXPECT_EQ(logins_.issue_token(*in, now_).error(), errc::invalid_token);
  for (const store::token& each : *store_.list_tokens({})) EXPECT_TRUE(each.revoked);
}

TEST_F(login, a_token_that_was_revoked_meanwhile_brings_no_other) {
  const auto first = logins_.issue_token({.user_id = "u1"}, now_);
  const auto in = logins_.login_by_token(first->text, now_);
  ASSERT_TRUE(in);
  ASSERT_TRUE(store_.revoke_token(first->id));
  EXPECT_EQ(logins_.issue_token(*in, now_).error(), errc::invalid_token);
  for (const store::token& each : *store_.list_tokens({})) EXPECT_TRUE(each.revoked);
}

TEST_F(login, a_client_id_is_its_first_users) {
  ASSERT_TRUE(store_.add_user(
      {.id = "u2", .email = "you@example.com", .password_hash = "$h", .created = now_}));
  EXPECT_TRUE(logins_.claim_client("free", "", now_)) << "a key of nobody's";
  EXPECT_TRUE(logins_.claim_client("gpu-1", "u1", now_));
  EXPECT_EQ(logins_.claim_client("gpu-1", "u2", now_).error(), errc::client_of_another);
  EXPECT_EQ(logins_.claim_client("gpu-1", "", now_).error(), errc::client_of_another);
  EXPECT_TRUE(logins_.claim_client("gpu-1", "u1", now_ + 1h));
  EXPECT_EQ(store_.find_client("gpu-1")->seen, now_ + 1h);
  EXPECT_EQ(store_.list_clients({})->size(), 1U);
}

TEST_F(login, by_token) {
  const auto issued = logins_.issue_token({.user_id = "u1"}, now_);
  ASSERT_TRUE(issued);
  EXPECT_EQ(issued->expires, now_ + 30 * 24h);
  ASSERT_TRUE(logins_.bind_token(issued->id, "client_A"));
  const auto in = logins_.login_by_token(issued->text, now_ + 1h);
  ASSERT_TRUE(in);
  EXPECT_EQ(in->user_id, "u1");
  EXPECT_EQ(in->email, "me@example.com");
  EXPECT_EQ(in->role, store::role::admin);
  EXPECT_EQ(in->token_id, issued->id);
  EXPECT_EQ(in->token_expires, issued->expires);
  const auto row = store_.find_token(issued->id);
  EXPECT_EQ(row->client_id, "client_A");
  EXPECT_EQ(row->user_id, "u1");
  EXPECT_EQ(row->expires, issued->expires);
}

TEST_F(login, a_revoked_expired_or_orphaned_token_is_refused) {
  const auto refused = [&](const issued_token& token, wall_time when) {
    const auto in = logins_.login_by_token(token.text, when);
    return in ? error_code{} : in.error();
  };
  const auto expired = logins_.issue_token({.user_id = "u1"}, now_);
  EXPECT_EQ(refused(*expired, now_ + 30 * 24h), errc::invalid_token);
  const auto revoked = logins_.issue_token({.user_id = "u1"}, now_);
  ASSERT_TRUE(store_.revoke_token(revoked->id));
  EXPECT_EQ(refused(*revoked, now_), errc::invalid_token);
  const auto orphan = logins_.issue_token({.user_id = "u1"}, now_);
  ASSERT_TRUE(store_.remove_user("me@example.com"));
  EXPECT_EQ(refused(*orphan, now_), errc::invalid_token);
}

TEST_F(login, a_well_signed_token_needs_its_own_row) {
  // Signed with the right secret, but never issued, and one that names another's row.
  const auto unknown = signer_.sign({"u1", "t-unknown", now_, now_ + 1h});
  EXPECT_EQ(logins_.login_by_token(*unknown, now_).error(), errc::invalid_token);
  const auto issued = logins_.issue_token({.user_id = "u1"}, now_);
  const auto borrowed = signer_.sign({"u2", issued->id, now_, now_ + 1h});
  EXPECT_EQ(logins_.login_by_token(*borrowed, now_).error(), errc::invalid_token);
  EXPECT_EQ(logins_.login_by_token(secret("nonsense"), now_).error(), errc::invalid_token);
}

TEST_F(login, a_store_that_is_away_does_not_make_a_token_invalid) {
  const auto issued = logins_.issue_token({.user_id = "u1"}, now_);
  store_.fault = store::errc::unavailable;
  EXPECT_EQ(logins_.login_by_token(issued->text, now_).error(), store::errc::unavailable);
}

TEST_F(login, no_token_for_a_user_who_is_not_there) {
  EXPECT_EQ(logins_.issue_token({.user_id = "u9"}, now_).error(), store::errc::not_found);
}

TEST_F(login, a_token_is_renewed_in_the_second_half_of_its_life) {
  const wall_time expires = now_ + 30 * 24h;
  EXPECT_FALSE(logins_.renewal_due(expires, now_ + 15 * 24h));
  EXPECT_TRUE(logins_.renewal_due(expires, now_ + 15 * 24h + 1s));
}

TEST_F(login, a_tokens_use_is_noted_once_a_minute) {
  const auto issued = logins_.issue_token({.user_id = "u1"}, now_);
  ASSERT_TRUE(logins_.login_by_token(issued->text, now_ + 1s));
  EXPECT_EQ(store_.find_token(issued->id)->last_used, now_ + 1s);
  ASSERT_TRUE(logins_.login_by_token(issued->text, now_ + 60s));
  EXPECT_EQ(store_.find_token(issued->id)->last_used, now_ + 1s);
  ASSERT_TRUE(logins_.login_by_token(issued->text, now_ + 61s));
  EXPECT_EQ(store_.find_token(issued->id)->last_used, now_ + 61s);
}

TEST_F(login, an_api_key_is_no_token_unless_told_so) {
  const new_key owned = make_key("n", "u1", {}, now_);
  const new_key free = make_key("m", "", {}, now_);
  const new_key expired = make_key("o", "u1", now_ - 1s, now_);
  for (const auto& key : {owned, free, expired}) ASSERT_TRUE(store_.add_key(key.row));
  EXPECT_EQ(logins_.login_by_token(owned.text, now_).error(), errc::invalid_token);

  logins lenient(store_, signer_, {.keys_are_tokens = true});
  const auto in = lenient.login_by_token(owned.text, now_);
  ASSERT_TRUE(in);
  EXPECT_EQ(in->user_id, "u1");
  EXPECT_EQ(in->email, "me@example.com");
  EXPECT_EQ(in->key_id, owned.row.id);
  EXPECT_EQ(in->token_id, "");
  const auto nobody = lenient.login_by_token(free.text, now_);
  ASSERT_TRUE(nobody);
  EXPECT_EQ(nobody->user_id, "");
  EXPECT_EQ(nobody->email, "key " + free.row.id);
  EXPECT_EQ(lenient.login_by_token(expired.text, now_).error(), errc::invalid_token);
  ASSERT_TRUE(store_.revoke_key("n"));
  EXPECT_EQ(lenient.login_by_token(owned.text, now_).error(), errc::invalid_token);
  EXPECT_EQ(lenient.login_by_token(secret("wrong"), now_).error(), errc::invalid_token);
  EXPECT_EQ(lenient.login_by_token(secret(), now_).error(), errc::invalid_token);
  store_.fault = store::errc::unavailable;
  EXPECT_EQ(lenient.login_by_token(free.text, now_).error(), store::errc::unavailable);
}

TEST(demo, brings_its_user_and_keys) {
  store::memory_store store;
  ASSERT_TRUE(seed_demo(store));
  logins in(store, token_signer(secret(random_hex(32))));
  EXPECT_TRUE(in.login("test@example.com", secret("123456"), home, t0));
  key_checker keys(store, {});
  EXPECT_TRUE(keys.check("abc123", t0).is_valid());
  EXPECT_TRUE(keys.check("test-api-key-123", t0).is_valid());
  EXPECT_FALSE(keys.check("abc124", t0).is_valid());
}

TEST(demo, never_enters_a_store_that_lasts) {
  const auto folder = std::filesystem::temp_directory_path() / ("frpx-" + random_hex(8));
  {
    const auto lasting = store::open("sqlite:" + (folder / "frpx.db").string()).value();
    EXPECT_FALSE(seed_demo(*lasting));
    EXPECT_TRUE(lasting->list_users({})->empty());
    EXPECT_TRUE(lasting->list_keys({})->empty());
  }
  std::filesystem::remove_all(folder);
}

}  // namespace
}  // namespace frpx::identity
