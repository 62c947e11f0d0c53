#include "identity/try_limit.hpp"

#include <gtest/gtest.h>

namespace frpx::identity {
namespace {

using namespace std::chrono_literals;
using boost::asio::ip::make_address;

const steady_time t0{1000s};
const auto home = make_address("192.0.2.1");
const auto elsewhere = make_address("192.0.2.2");
constexpr try_limit::duration none = try_limit::duration::zero();

void count_many(try_limit& in, int count, std::string_view account,
                const boost::asio::ip::address& from, steady_time now) {
  for (int i = 0; i < count; ++i) in.count(account, from, now);
}

TEST(try_limit, nine_tries_are_free_and_the_tenth_costs) {
  try_limit limit;
  count_many(limit, 9, "a", home, t0);
  EXPECT_EQ(limit.wait_before("a", home, t0), none);
  limit.count("a", home, t0);
  EXPECT_EQ(limit.wait_before("a", home, t0), 5s);
  EXPECT_EQ(limit.wait_before("a", home, t0 + 4s), 1s);
  EXPECT_EQ(limit.wait_before("a", home, t0 + 5s), none);
}

TEST(try_limit, each_further_try_costs_twice_as_much_up_to_the_longest) {
  try_limit limit({.longest_delay = 30s});
  count_many(limit, 10, "a", home, t0);
  std::vector<try_limit::duration> delays;
  steady_time now = t0;
  for (int i = 0; i < 4; ++i) {
    delays.push_back(limit.wait_before("a", home, now));
    now += delays.back();
    limit.count("a", home, now);
  }
  EXPECT_EQ(delays, (std::vector<try_limit::duration>{5s, 10s, 20s, 30s}));
}

TEST(try_limit, slow_tries_are_free) {
  try_limit limit;
  for (int i = 0; i < 100; ++i) {
    const steady_time now = t0 + i * 7s;  // fewer than ten a minute
    EXPECT_EQ(limit.wait_before("a", home, now), none) << i;
    limit.count("a", home, now);
  }
}

TEST(try_limit, counts_an_account_from_everywhere_and_an_address_for_all_accounts) {
  try_limit limit;
  for (int i = 0; i < 10; ++i) {
    limit.count("a", make_address("198.51.100." + std::to_string(i)), t0);
  }
  EXPECT_GT(limit.wait_before("a", home, t0), none);
  EXPECT_EQ(limit.wait_before("b", home, t0), none);

  for (int i = 0; i < 10; ++i) limit.count("user" + std::to_string(i), elsewhere, t0);
  EXPECT_GT(limit.wait_before("b", elsewhere, t0), none);
  EXPECT_EQ(limit.wait_before("b", home, t0), none);
}

TEST(try_limit, takes_an_ipv6_network_for_one_address) {
  try_limit limit;
  for (int i = 0; i < 10; ++i) {
    limit.count("user" + std::to_string(i), make_address("2001:db8::" + std::to_string(i)), t0);
  }
  EXPECT_GT(limit.wait_before("b", make_address("2001:db8::ffff"), t0), none);
  EXPECT_EQ(limit.wait_before("b", make_address("2001:db8:0:1::1"), t0), none);
}

TEST(try_limit, knows_an_ipv4_address_in_either_form) {
  try_limit limit;
  for (int i = 0; i < 10; ++i) {
    limit.count("user" + std::to_string(i), make_address("::ffff:192.0.2.1"), t0);
  }
  EXPECT_GT(limit.wait_before("b", home, t0), none);
  EXPECT_EQ(limit.wait_before("b", make_address("::ffff:192.0.2.2"), t0), none);
}

TEST(try_limit, a_right_try_frees_the_account_and_takes_back_itself_alone_for_the_address) {
  try_limit limit;
  count_many(limit, 9, "a", home, t0);
  limit.count("a", home, t0);
  limit.forgive("a", home, true, t0);
  EXPECT_EQ(limit.wait_before("a", home, t0), none);
  limit.count("b", home, t0);  // the address's tenth
  EXPECT_EQ(limit.wait_before("a", elsewhere, t0), none);
  EXPECT_EQ(limit.wait_before("a", home, t0), 5s);
}

TEST(try_limit, a_try_that_could_not_be_judged_is_taken_back) {
  try_limit limit;
  for (int i = 0; i < 100; ++i) {
    limit.count("a", home, t0);
    limit.forgive("a", home, false, t0);
  }
  EXPECT_EQ(limit.wait_before("a", home, t0), none);
  count_many(limit, 10, "a", home, t0);
  limit.forgive("a", home, false, t0);
  EXPECT_EQ(limit.wait_before("a", home, t0), none);
  limit.count("a", home, t0);
  EXPECT_EQ(limit.wait_before("a", home, t0), 5s) << "the delay must not have grown";
}

TEST(try_limit, forgets_who_was_quiet) {
  try_limit limit;
  count_many(limit, 12, "a", home, t0);
  const steady_time later = t0 + 15min;
  count_many(limit, 10, "a", home, later);
  EXPECT_EQ(limit.wait_before("a", home, later), 5s);
}

TEST(try_limit, is_bounded_and_gives_up_the_quietest) {
  try_limit limit({.capacity = 3});
  count_many(limit, 10, "quiet", make_address("198.51.100.1"), t0);
  count_many(limit, 10, "b", make_address("198.51.100.2"), t0 + 1s);
  count_many(limit, 10, "c", make_address("198.51.100.3"), t0 + 1s);
  EXPECT_GT(limit.wait_before("quiet", home, t0 + 1s), none);
  limit.count("d", make_address("198.51.100.4"), t0 + 1s);
  EXPECT_EQ(limit.wait_before("quiet", home, t0 + 1s), none);
  EXPECT_GT(limit.wait_before("b", home, t0 + 1s), none);
  EXPECT_GT(limit.wait_before("c", home, t0 + 1s), none);
}

}  // namespace
}  // namespace frpx::identity
