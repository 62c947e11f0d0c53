#include <gtest/gtest.h>

#include "core/bytes.hpp"
#include "core/clock.hpp"
#include "core/hex.hpp"
#include "core/names.hpp"
#include "core/random.hpp"
#include "core/secret.hpp"
#include "core/uuid.hpp"
#include "core/words.hpp"

namespace frpx {
namespace {

TEST(bytes, integers_in_both_orders) {
  std::byte raw[4];
  store_big<std::uint32_t>(0x01020304, raw);
  EXPECT_EQ(raw[0], std::byte{1});
  EXPECT_EQ(load_big<std::uint32_t>(raw), 0x01020304u);
  EXPECT_EQ(load_little<std::uint32_t>(raw), 0x04030201u);
  EXPECT_EQ((load_big<std::uint32_t, 3>(raw)), 0x010203u);
  store_little<std::uint32_t>(0x01020304, raw);
  EXPECT_EQ(raw[0], std::byte{4});
}

TEST(words, are_taken_one_by_one) {
  std::string_view text = "one  three";
  EXPECT_EQ(take_word(text), "one");
  EXPECT_EQ(take_word(text), "");
  EXPECT_EQ(take_word(text), "three");
  EXPECT_EQ(text, "");
  EXPECT_EQ(take_word(text), "");
}

TEST(words, numbers_are_whole_and_fit) {
  EXPECT_EQ(parse_number<std::uint8_t>("255"), 255);
  EXPECT_EQ(parse_number<std::int64_t>("-7"), -7);
  for (const char* wrong : {"", "256", "-1", "+1", " 1", "1 ", "1.0", "0x1"}) {
    EXPECT_FALSE(parse_number<std::uint8_t>(wrong)) << wrong;
  }
}

TEST(uuid, is_version_4_and_survives_its_text) {
  const uuid id = uuid::make_for_worker(7);
  const std::string text = id.to_string();
  EXPECT_EQ(text.size(), 36u);
  EXPECT_EQ(text[14], '4');
  EXPECT_NE(std::string("89ab").find(text[19]), std::string::npos);
  ASSERT_TRUE(uuid::parse(text));
  EXPECT_EQ(*uuid::parse(text), id);
  EXPECT_EQ(uuid::parse(text)->worker(), 7u);
  EXPECT_NE(uuid::make(), uuid::make());
}

TEST(uuid, refuses_other_texts) {
  const std::string good = uuid::make().to_string();
  for (const std::string& bad : {std::string(), good + "0", good.substr(1), "g" + good.substr(1),
                                 std::string(36, '-'), std::string(36, '0')}) {
    EXPECT_FALSE(uuid::parse(bad)) << bad;
  }
}

TEST(secret, compares_by_content) {
  EXPECT_TRUE(secret("abc") == secret("abc"));
  EXPECT_FALSE(secret("abc") == secret("abd"));
  EXPECT_FALSE(secret("abc") == secret("ab"));
}

TEST(hex, known_digests) {
  EXPECT_EQ(to_hex(sha256("abc")),
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(to_hex(hmac_sha256("key", "The quick brown fox jumps over the lazy dog")),
            "f7bc83f430538424b13298e6aa6fb143ef4d59a14946175997479dbc2d1a3cd8");
}

TEST(names, what_may_be_one) {
  EXPECT_TRUE(is_name("client_A:1.0-x"));
  EXPECT_TRUE(is_name(std::string(longest_name, 'a')));
  for (const std::string& bad : {std::string(), std::string(longest_name + 1, 'a'),
                                 std::string("a b"), std::string("a/b"), std::string("\xc3\xa9")}) {
    EXPECT_FALSE(is_name(bad)) << bad;
  }
}

TEST(names, plain_text_is_utf8_without_controls) {
  for (const char* good :
       {"test@example.com", "\xc3\xa9t\xc3\xa9", "\xe6\x93\x8d", "\xf0\x9f\x98\x80"}) {
    EXPECT_TRUE(is_plain_text(good)) << good;
  }
  for (const char* bad : {"", "a\nb", "a\x7f", "\xc3", "\xc0\x80", "\xe0\x80\x80", "\xed\xa0\x80",
                          "\xf4\x90\x80\x80", "\xc2\x80", "\xff"}) {
    EXPECT_FALSE(is_plain_text(bad)) << bad;
  }
}

// Names and reasons are shown whole, for half a reason explains nothing.
TEST(names, what_is_shown_is_printable_and_says_when_it_is_cut) {
  EXPECT_EQ(shown("a\nb\x80"), "a\\nb\\x80");
  const std::string longest(longest_text, 'x');
  EXPECT_EQ(shown(longest), longest);
  const std::string cut = longest.substr(3) + "...";
  EXPECT_EQ(shown(longest + "y"), cut);
  EXPECT_EQ(shown(std::string(100'000, 'x')), cut);
  const std::string before(longest_text - 5, 'x');
  EXPECT_EQ(shown(before + "\xf0\x9f\x98\x80" + "end"), before + "...") << "no half character";
  for (const std::string& each : {std::string(300, '\x1b'), std::string(300, '\xff')}) {
    EXPECT_TRUE(is_plain_text(shown(each))) << "the store takes it";
  }
}

TEST(clock, rfc3339_with_microseconds) {
  EXPECT_EQ(to_rfc3339(wall_time(std::chrono::microseconds(1'700'000'000'000'042))),
            "2023-11-14T22:13:20.000042Z");
}

TEST(quick_random, stays_below_its_bound_and_reaches_every_value) {
  quick_random random(1);
  int seen[10] = {};
  for (int i = 0; i < 10'000; ++i) {
    const auto value = random.below(10);
    ASSERT_LT(value, 10u);
    ++seen[value];
  }
  for (const int count : seen) EXPECT_GT(count, 800);
}

}  // namespace
}  // namespace frpx
