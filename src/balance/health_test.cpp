#include "balance/health.hpp"

#include <gtest/gtest.h>

namespace frpx::balance {
namespace {

using namespace std::chrono_literals;

class health_test : public testing::Test {
 protected:
  void fail(bool refused = false) { of_.failed(refused, now_, rules_); }
  bool tried() { return of_.fit(now_) && of_.claim(now_, rules_); }

  const health_rules rules_{.failures = 3, .first_pause = 1s, .longest_pause = 4s};
  steady_time now_ = steady_clock::now();
  health of_;
};

TEST_F(health_test, a_few_failures_in_a_row_set_it_aside) {
  fail();
  fail();
  EXPECT_TRUE(of_.fit(now_));
  of_.succeeded();
  fail();
  fail();
  EXPECT_TRUE(of_.fit(now_)) << "not in a row";
  fail();
  EXPECT_FALSE(of_.fit(now_));
  EXPECT_FALSE(of_.fit(now_ + 999ms));
  EXPECT_TRUE(of_.fit(now_ + 1s));
  EXPECT_TRUE(of_.is_set_aside());
  of_.succeeded();
  EXPECT_FALSE(of_.is_set_aside());
  of_.report(false);
  EXPECT_TRUE(of_.is_set_aside()) << "its client says so";
}

TEST_F(health_test, a_refusal_needs_no_second) {
  fail(true);
  EXPECT_FALSE(of_.fit(now_));
}

TEST_F(health_test, one_request_tries_it_after_pauses_that_grow_to_a_bound) {
  fail(true);
  for (const auto pause : {1s, 2s, 4s, 4s}) {
    now_ += pause - 1ms;
    EXPECT_FALSE(tried()) << pause.count();
    now_ += 1ms;
    EXPECT_TRUE(tried()) << pause.count();
    EXPECT_FALSE(tried()) << "another one does";
    fail(true);
    EXPECT_FALSE(of_.fit(now_));
  }
}

TEST_F(health_test, requests_that_fail_together_count_once) {
  for (int i = 0; i < 50; ++i) fail(true);
  now_ += 1s;
  EXPECT_TRUE(tried()) << "after the first pause, not the longest";
}

TEST_F(health_test, a_try_that_never_ends_gives_way_to_another) {
  fail(true);
  now_ += 1s;
  EXPECT_TRUE(tried());
  now_ += 2s;
  EXPECT_TRUE(tried());
}

TEST_F(health_test, success_forgets_everything) {
  fail(true);
  now_ += 1s;
  EXPECT_TRUE(tried());
  fail(true);
  of_.succeeded();
  EXPECT_TRUE(tried());
  EXPECT_TRUE(tried()) << "by all";
  fail(true);
  now_ += 1s;
  EXPECT_TRUE(tried()) << "the first pause again";
}

TEST_F(health_test, what_the_client_reports_holds_until_it_reports_otherwise) {
  of_.report(false);
  EXPECT_FALSE(of_.fit(now_ + 1h));
  of_.succeeded();
  EXPECT_FALSE(of_.fit(now_));
  of_.report(true);
  EXPECT_TRUE(of_.fit(now_));
}

}  // namespace
}  // namespace frpx::balance
