#include "server/upkeep.hpp"

#include <gtest/gtest.h>

#include <future>

#include "core/random.hpp"
#include "net/wakeup.hpp"

namespace frpx::server {
namespace {

using namespace std::chrono_literals;

class told_session final : public tunnel::session {
 public:
  using session::session;
  boost::asio::awaitable<result<std::unique_ptr<net::stream>>> open(net::worker&,
                                                                    tunnel::stream_wish) override {
    co_return make_error_code(tunnel::errc::late);
  }
  void end(const std::string& why) override {
    if (!std::exchange(has_ended_, true)) ended.set_value(why);
  }

  std::promise<std::string> ended;

 private:
  bool has_ended_ = false;
};

/// Upkeep of a store in memory, on a worker of its own. Nothing is read but the store.
class upkeep_test : public testing::Test {
 protected:
  void SetUp() override {
    ASSERT_TRUE(store_->add_user(
        {.id = "u1", .email = "me@example.com", .password_hash = "$hash$", .created = now_}));
    ASSERT_TRUE(store_->add_token(
        {.id = "t1", .user_id = "u1", .issued = now_, .expires = now_ + std::chrono::hours(1000)}));
    workers_.home().tasks().spawn(upkeep_.watch());
    workers_.start();
  }
  void TearDown() override {
    workers_.home().run_and_wait(end(&workers_.home()));
    workers_.stop();
  }
  static boost::asio::awaitable<void> end(net::worker* home) {
    home->tasks().cancel();
    EXPECT_TRUE(co_await home->tasks().join(steady_clock::now() + 10s));
  }

  // A session of u1's that came in by that; says how it ended.
  std::future<std::string> enter(const std::string& id, tunnel::credential by) {
    const auto made = std::make_shared<told_session>(
        tunnel::session_facts{.number = ++number_, .client_id = id, .user_id = "u1"});
    made->came_by = std::move(by);
    workers_.home().post([this, made] { EXPECT_FALSE(clients_.add(made, {})); });
    return made->ended.get_future();
  }
  static std::string come(std::future<std::string>& ended) {
    return ended.wait_for(30s) == std::future_status::ready ? ended.get() : "nothing";
  }
  // Waits until what was changed so far has been acted upon, which a change behind it shows.
  void all_looked_at() {
    const std::string last = "t" + std::to_string(100 + number_);
    ASSERT_TRUE(store_->add_token(
        {.id = last, .user_id = "u1", .issued = now_, .expires = now_ + std::chrono::hours(1000)}));
    auto ended = enter(last, {.token_id = last, .token_expires = {}});
    ASSERT_TRUE(store_->revoke_token(last));
    ASSERT_EQ(come(ended), "its token was revoked");
  }

  const wall_time now_ = wall_clock::now();
  const std::unique_ptr<store::store> store_ = store::open("memory:").value();
  identity::logins logins_{*store_, identity::token_signer(secret(random_hex(32)))};
  identity::key_checker keys_{*store_, {}};
  net::worker_pool workers_{2};
  net::blocking_pool blocking_{1, 16};
  tunnel::registry clients_{workers_, 100};
  gateway::gateway gateway_{workers_, clients_, keys_, blocking_, {}};
  std::atomic<int> changes_{0};
  upkeep upkeep_{{workers_.home(), blocking_, *store_, logins_, keys_, clients_, gateway_},
                 [](error_code, bool) {},
                 [this] { return note_change(&changes_); }};
  std::uint64_t number_ = 0;

 private:
  static boost::asio::awaitable<void> note_change(std::atomic<int>* count) {
    ++*count;
    co_return;
  }
};

TEST_F(upkeep_test, a_session_ends_with_its_token) {
  auto ended = enter("a", {.token_id = "t1", .token_expires = {}});
  ASSERT_TRUE(store_->revoke_token("t1"));
  EXPECT_EQ(come(ended), "its token was revoked");
}

TEST_F(upkeep_test, a_session_that_was_let_in_before_a_change_and_came_behind_it_ends) {
  ASSERT_TRUE(store_->revoke_token("t1"));
  all_looked_at();
  auto ended = enter("a", {.token_id = "t1", .token_expires = {}});
  EXPECT_EQ(come(ended), "its token was revoked");
}

TEST_F(upkeep_test, a_new_password_ends_sessions_that_got_no_token_as_well) {
  const auto mark = identity::password_mark(*store_->find_user_by_id("u1"));
  auto without = enter("a", {.token_id = {}, .token_expires = {}, .password_mark = mark});
  auto with = enter("b", {.token_id = "t1", .token_expires = {}});
  ASSERT_TRUE(store_->set_password("me@example.com", "$other$"));
  EXPECT_EQ(come(without), "its user has another password");
  EXPECT_EQ(come(with), "its token was revoked");
}

TEST_F(upkeep_test, a_role_ends_what_it_does_not_allow) {
  auto ended = enter("a", {.token_id = {}, .token_expires = {}});
  ASSERT_TRUE(store_->set_role("me@example.com", store::role::admin));
  all_looked_at();
  EXPECT_EQ(ended.wait_for(0s), std::future_status::timeout) << "admins may bring clients in";
  ASSERT_TRUE(store_->set_role("me@example.com", store::role::viewer));
  EXPECT_EQ(come(ended), "its user may not connect clients any more");
}

TEST_F(upkeep_test, a_user_who_is_removed_takes_the_sessions_along) {
  auto ended = enter("a", {.token_id = {}, .token_expires = {}});
  ASSERT_TRUE(store_->remove_user("me@example.com"));
  EXPECT_EQ(come(ended), "its user was removed");
}

}  // namespace
}  // namespace frpx::server
