#include "cache/memory/digest_table.hpp"

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <thread>

namespace frpx::cache {
namespace {

using namespace std::chrono_literals;

const steady_time t0{1000s};
using table = digest_table<std::shared_ptr<const std::string>>;

std::shared_ptr<const std::string> value(std::string text) {
  return std::make_shared<const std::string>(std::move(text));
}

keyed_digest key(const std::string& text) {
  static const digest_maker make;
  return make(text);
}

// A digest of one's own choice, to fill one set: a set is chosen by the first eight bytes.
keyed_digest in_one_set(std::uint8_t n) {
  keyed_digest out{};
  out[15] = static_cast<std::byte>(n);
  return out;
}

bool put(table& in, const keyed_digest& at, const std::string& text, steady_time fresh_until) {
  return in.put(in.ticket(), at, value(text), fresh_until, fresh_until + 1h);
}

std::optional<std::shared_ptr<const std::string>> fresh(const table& in, const keyed_digest& at,
                                                        steady_time now) {
  const auto known = in.find(at, now);
  return known && known->fresh ? std::optional(known->value) : std::nullopt;
}

TEST(keyed_digest, is_the_same_for_the_same_text_under_one_key_alone) {
  const digest_maker one;
  const digest_maker two;
  EXPECT_EQ(one("text"), one("text"));
  EXPECT_NE(one("text"), one("texu"));
  EXPECT_NE(one(""), one(std::string_view("\0", 1)));
  EXPECT_NE(one("text"), two("text"));
}

TEST(digest_table, finds_what_was_put_until_it_is_stale) {
  table t(128);
  ASSERT_TRUE(put(t, key("a"), "A", t0 + 5s));
  EXPECT_EQ(**fresh(t, key("a"), t0), "A");
  EXPECT_EQ(**fresh(t, key("a"), t0 + 5s - 1ns), "A");
  EXPECT_FALSE(fresh(t, key("a"), t0 + 5s));
  EXPECT_FALSE(fresh(t, key("b"), t0));
  EXPECT_FALSE(fresh(t, keyed_digest{}, t0));
}

TEST(digest_table, a_second_answer_replaces_the_first) {
  table t(128);
  ASSERT_TRUE(put(t, key("a"), "A", t0 + 5s));
  ASSERT_TRUE(put(t, key("a"), "B", t0 + 9s));
  EXPECT_EQ(**fresh(t, key("a"), t0 + 8s), "B");
}

TEST(digest_table, a_stale_entry_is_kept_until_its_end) {
  table t(128);
  ASSERT_TRUE(t.put(t.ticket(), key("a"), value("A"), t0 + 5s, t0 + 60s));
  EXPECT_TRUE(t.find(key("a"), t0 + 5s - 1ns)->fresh);
  const auto stale = t.find(key("a"), t0 + 60s - 1ns);
  ASSERT_TRUE(stale);
  EXPECT_FALSE(stale->fresh);
  EXPECT_EQ(*stale->value, "A");
  EXPECT_FALSE(t.find(key("a"), t0 + 60s));
}

TEST(digest_table, has_the_capacity_asked_for_and_not_more) {
  EXPECT_EQ(table(1).capacity(), 128u);
  EXPECT_EQ(table(128).capacity(), 128u);
  EXPECT_EQ(table(129).capacity(), 256u);
  table t(128);
  for (int i = 0; i < 10'000; ++i) ASSERT_TRUE(put(t, key(std::to_string(i)), "x", t0 + 5s));
  std::size_t found = 0;
  for (int i = 0; i < 10'000; ++i) found += fresh(t, key(std::to_string(i)), t0).has_value();
  EXPECT_EQ(found, t.capacity());
}

TEST(digest_table, a_full_set_gives_up_what_goes_stale_first) {
  table t(128);
  for (std::uint8_t n = 0; n < 8; ++n) {
    ASSERT_TRUE(put(t, in_one_set(n), std::to_string(n), t0 + (n == 3 ? 1s : 5s)));
  }
  for (std::uint8_t n = 0; n < 8; ++n) EXPECT_TRUE(fresh(t, in_one_set(n), t0));
  ASSERT_TRUE(put(t, in_one_set(8), "8", t0 + 5s));
  for (std::uint8_t n = 0; n < 9; ++n) {
    EXPECT_EQ(fresh(t, in_one_set(n), t0).has_value(), n != 3) << int{n};
  }
}

TEST(digest_table, forgets_one_some_and_all) {
  table t(128);
  for (const char* text : {"a", "b", "c"}) ASSERT_TRUE(put(t, key(text), text, t0 + 5s));
  t.forget_if([](const auto& v) { return *v == "a"; });
  EXPECT_FALSE(fresh(t, key("a"), t0));
  EXPECT_FALSE(t.find(key("a"), t0));
  t.erase(key("b"));
  EXPECT_FALSE(fresh(t, key("b"), t0));
  EXPECT_TRUE(fresh(t, key("c"), t0));
  t.forget_all();
  EXPECT_FALSE(fresh(t, key("c"), t0));
}

TEST(digest_table, an_answer_under_way_while_it_forgot_is_not_kept) {
  table t(128);
  const auto ticket = t.ticket();
  t.forget_if([](const auto&) { return false; });
  EXPECT_FALSE(t.put(ticket, key("a"), value("A"), t0 + 5s, t0 + 5s));
  EXPECT_FALSE(fresh(t, key("a"), t0));
  EXPECT_TRUE(put(t, key("a"), "A", t0 + 5s));
}

TEST(digest_table, two_threads_may_use_it_at_once) {
  table t(128);
  std::thread other([&] {
    for (int i = 0; i < 20'000; ++i) {
      (void)put(t, key(std::to_string(i % 200)), std::to_string(i % 200), t0 + 5s);
      if (i % 500 == 0) t.forget_all();
    }
  });
  for (int i = 0; i < 20'000; ++i) {
    const std::string text = std::to_string(i % 200);
    if (const auto found = fresh(t, key(text), t0)) {
      ASSERT_EQ(**found, text);
    }
  }
  other.join();
}

}  // namespace
}  // namespace frpx::cache
