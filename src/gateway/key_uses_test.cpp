#include "gateway/key_uses.hpp"

#include <gtest/gtest.h>

#include <functional>
#include <memory>

#include "tests/support/event_loop.hpp"

namespace frpx::gateway {
namespace {

using namespace std::chrono_literals;

struct request final : key_use {
  void key_ended() override {
    ++ended;
    if (then) then();
  }
  int ended = 0;
  std::function<void()> then;
};

class key_uses_test : public testing::Test {
 protected:
  void enter(request& one, const identity::key_facts& key) { uses_.enter(one, key, uses_.looks()); }

  test::event_loop loop_;
  std::atomic<bool> must_look_{false};
  key_uses uses_{loop_->timers(), must_look_};
  const identity::key_facts a_{.id = "a", .name = "a", .owner = {}};
  const identity::key_facts b_{.id = "b", .name = "b", .owner = {}};
};

TEST_F(key_uses_test, what_came_by_a_key_ends_with_it_and_nothing_else_does) {
  request first, second, other;
  enter(first, a_);
  enter(second, a_);
  enter(other, b_);
  EXPECT_EQ(uses_.look(), (used_keys{{"a", {}}, {"b", {}}}));
  uses_.apply({.ended = {"a", "unknown"}, .expire = {}});
  EXPECT_EQ(first.ended, 1);
  EXPECT_EQ(second.ended, 1);
  EXPECT_EQ(other.ended, 0);
  EXPECT_EQ(uses_.look(), (used_keys{{"b", {}}}));
  uses_.apply({.ended = {"a"}, .expire = {}});
  EXPECT_EQ(first.ended, 1) << "once";
}

TEST_F(key_uses_test, who_has_left_or_gone_hears_nothing) {
  request left;
  enter(left, a_);
  key_uses::leave(left);
  {
    request gone;
    enter(gone, a_);
  }
  EXPECT_TRUE(uses_.look().empty());
  uses_.apply({.ended = {"a"}, .expire = {}});
  EXPECT_EQ(left.ended, 0);
  key_uses::leave(left);  // twice is no harm
}

TEST_F(key_uses_test, others_may_go_while_one_ends) {
  auto first = std::make_unique<request>();
  auto second = std::make_unique<request>();
  auto third = std::make_unique<request>();
  for (auto* each : {first.get(), second.get(), third.get()}) enter(*each, a_);
  first->then = [&] {
    second.reset();
    first.reset();
  };
  uses_.apply({.ended = {"a"}, .expire = {}});
  EXPECT_EQ(third->ended, 1);
  EXPECT_TRUE(uses_.look().empty());
}

TEST_F(key_uses_test, the_fixed_key_never_ends) {
  identity::key_facts fixed = a_;
  fixed.is_fixed = true;
  request one;
  enter(one, fixed);
  EXPECT_TRUE(uses_.look().empty());
}

TEST_F(key_uses_test, a_key_that_was_judged_before_the_last_look_is_looked_at_again) {
  const auto judged_at = uses_.looks();
  request in_time, late;
  uses_.enter(in_time, a_, judged_at);
  EXPECT_FALSE(must_look_);
  uses_.look();
  uses_.enter(late, a_, judged_at);
  EXPECT_TRUE(must_look_);
}

TEST_F(key_uses_test, a_key_that_comes_to_its_end_is_looked_at_until_it_is_gone) {
  identity::key_facts brief = a_;
  brief.expires = wall_clock::now() + 20ms;
  identity::key_facts longer = b_;
  longer.expires = wall_clock::now() + 1h;
  request soon, later;
  enter(later, longer);
  enter(soon, brief);
  EXPECT_FALSE(must_look_);
  ASSERT_TRUE(loop_.run_until([&] { return must_look_.exchange(false); }));
  EXPECT_GE(wall_clock::now(), *brief.expires);
  ASSERT_TRUE(loop_.run_until([&] { return must_look_.exchange(false); })) << "it is in use still";
  uses_.apply({.ended = {"a"}, .expire = {}});
  EXPECT_EQ(soon.ended, 1);
}

TEST_F(key_uses_test, a_key_whose_end_is_moved_is_looked_at_then) {
  request one;
  enter(one, a_);
  const wall_time end = wall_clock::now() + 20ms;
  uses_.apply({.ended = {}, .expire = {{"a", end}, {"unknown", end}}});
  EXPECT_EQ(uses_.look(), (used_keys{{"a", end}}));
  ASSERT_TRUE(loop_.run_until([&] { return must_look_.exchange(false); }));
  EXPECT_GE(wall_clock::now(), end);
  uses_.apply({.ended = {}, .expire = {{"a", std::nullopt}}});
  EXPECT_EQ(uses_.look(), (used_keys{{"a", {}}}));
  EXPECT_EQ(one.ended, 0);
}

}  // namespace
}  // namespace frpx::gateway
