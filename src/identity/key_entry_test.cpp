#include "identity/key_entry.hpp"

#include <gtest/gtest.h>

namespace frpx::identity {
namespace {

using namespace std::chrono_literals;

key_entry some_entry() {
  return {.change = 7,
          .asked = wall_time(1'700'000'000s + 5us),
          .expires = wall_time(1'800'000'000s),
          .said = {.outcome = standing::valid,
                   .fault = key_fault::none,
                   .key = std::make_shared<const key_facts>(key_facts{"id", "a name", "u1"})}};
}

TEST(key_entry, comes_back_as_written) {
  const auto read = parse_key_entry(to_text(some_entry()));
  ASSERT_TRUE(read);
  EXPECT_EQ(read->change, 7u);
  EXPECT_EQ(read->asked, some_entry().asked);
  EXPECT_EQ(read->expires, some_entry().expires);
  EXPECT_TRUE(read->said.is_valid());
  EXPECT_EQ(read->said.by, answered_by::redis);
  ASSERT_TRUE(read->said.key);
  EXPECT_EQ(read->said.key->id, "id");
  EXPECT_EQ(read->said.key->name, "a name");
  EXPECT_EQ(read->said.key->owner, "u1");
  EXPECT_EQ(read->said.key->limits, store::key_limits());
}

TEST(key_entry, limits_come_back_as_written) {
  const store::key_limits all[] = {
      {60, 4, {"m:1", "-", "="}, {"-", "c"}}, {0, 4, {}, {"c"}}, {60, 0, {"m"}, {}}};
  for (const store::key_limits& limits : all) {
    key_entry entry = some_entry();
    entry.said.key = std::make_shared<const key_facts>(key_facts{"id", "a name", "", limits});
    const auto read = parse_key_entry(to_text(entry));
    ASSERT_TRUE(read);
    EXPECT_EQ(read->said.key->limits, limits);
    EXPECT_EQ(read->said.key->name, "a name");
  }
}

TEST(key_entry, an_unknown_key_has_no_facts) {
  key_entry entry = some_entry();
  entry.expires.reset();
  entry.said = {.outcome = standing::invalid, .fault = key_fault::unknown};
  const auto read = parse_key_entry(to_text(entry));
  ASSERT_TRUE(read);
  EXPECT_EQ(read->said.fault, key_fault::unknown);
  EXPECT_FALSE(read->said.is_valid());
  EXPECT_FALSE(read->said.key);
  EXPECT_FALSE(read->expires);
}

TEST(key_entry, what_was_not_written_by_us_is_nothing) {
  const char* cases[] = {"",
                         "2",
                         "1 7 1 - none id u1 0 0 = = name",
                         "2 -7 1 - none id u1 0 0 = = name",
                         "2 7x 1 - none id u1 0 0 = = name",
                         "2 7 9999999999999999999 - none id u1 0 0 = = name",
                         "2 7 1 x none id u1 0 0 = = name",
                         "2 7 1 - valid id u1 0 0 = = name",
                         "2 7 1 - none",
                         "2 7 1 - none id",
                         "2 7 1 - none id u1 0 0 = = ",
                         "2 7 1 - none i$d u1 0 0 = = name",
                         "2 7 1 - none id u$1 0 0 = = name",
                         "2 7 1 - none id u1 0 0 = = na\nme",
                         "2 7 1 - unknown id u1 0 0 = = name",
                         "2 7 1 - none  u1 0 0 = = name",
                         "2 7 1 - none id u1 name",
                         "2 7 1 - none id u1 -1 0 = = name",
                         "2 7 1 - none id u1 0 100001 = = name",
                         "2 7 1 - none id u1 0 0 - = name",
                         "2 7 1 - none id u1 0 0 = - name",
                         "2 7 1 - none id u1 0 0 =a,,b = name",
                         "2 7 1 - none id u1 0 0 = =a/b name"};
  ASSERT_GT(std::size(cases), 0u);
  for (const char* text : cases) EXPECT_FALSE(parse_key_entry(text)) << text;
}

TEST(key_entry, its_name_is_a_digest) {
  EXPECT_EQ(entry_name("abc"),
            "key:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

}  // namespace
}  // namespace frpx::identity
