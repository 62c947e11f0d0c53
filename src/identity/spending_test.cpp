#include "identity/spending.hpp"

#include <gtest/gtest.h>

namespace frpx::identity {
namespace {

using namespace std::chrono_literals;

TEST(spending, comes_back_as_written) {
  const std::vector<spending> all{{"a", 1ns}, {"plain-0:1", spending::largest}};
  const auto read = parse_spending_list(to_text("server-1", all));
  ASSERT_TRUE(read);
  EXPECT_EQ(read->server, "server-1");
  ASSERT_EQ(read->all.size(), 2u);
  EXPECT_EQ(read->all[0].key_id, "a");
  EXPECT_EQ(read->all[0].time, 1ns);
  EXPECT_EQ(read->all[1].key_id, "plain-0:1");
  EXPECT_EQ(read->all[1].time, spending::largest);
}

TEST(spending, lists_are_bounded) {
  std::vector<spending> all(spending_list::longest, spending{std::string(128, 'k'), 1s});
  EXPECT_EQ(parse_spending_list(to_text("s", all))->all.size(), spending_list::longest);
  all.push_back(all.front());
  EXPECT_FALSE(parse_spending_list(to_text("s", all)));
}

TEST(spending, what_was_not_written_by_us_is_nothing) {
  const std::string too_much = "1 s k " + std::to_string(spending::largest.count() + 1);
  const std::string long_name = "1 s " + std::string(129, 'k') + " 1";
  const std::string cases[] = {
      "",          "1",         "1 s",       "2 s k 1",     "1 s k",  "1 s k ",
      "1 s k 0",   "1 s k -1",  "1 s k x",   "1 s k 1 l",   "1  k 1", "1 s  1",
      "1 s k 1.5", "1 s/t k 1", "1 s k,l 1", "1 s k 1\r\n", too_much, long_name};
  for (const std::string& text : cases) EXPECT_FALSE(parse_spending_list(text)) << text;
}

}  // namespace
}  // namespace frpx::identity
