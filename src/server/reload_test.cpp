#include "server/reload.hpp"

#include <gtest/gtest.h>

#include "core/log_level.hpp"

namespace frpx::server {
namespace {

using names = std::vector<std::string>;

class reload_test : public testing::Test {
 protected:
  ~reload_test() override { log::set_lowest_level(before_); }

  api::reload_report reload_to(config::frps_options fresh) {
    return reload(running_, [fresh] { return fresh; });
  }

  config::frps_options running_;

 private:
  const log::level before_ = log::lowest_level();
};

TEST_F(reload_test, the_log_level_takes_effect_and_the_rest_waits) {
  config::frps_options fresh = running_;
  EXPECT_EQ(reload_to(fresh).applied, names());
  fresh.log_level = log::level::debug;
  fresh.workers = running_.workers + 1;
  fresh.api_token = secret("another");
  const auto done = reload_to(fresh);
  EXPECT_EQ(done.applied, names{"log-level"});
  EXPECT_EQ(done.needs_restart, (names{"api-token", "workers"}));
  EXPECT_EQ(log::lowest_level(), log::level::debug);
  EXPECT_EQ(reload_to(fresh).applied, names()) << "it is applied";
}

TEST_F(reload_test, a_fault_changes_nothing) {
  const auto done = reload(running_, [] { return std::string("line 3"); });
  EXPECT_EQ(done.problem, "line 3");
  EXPECT_EQ(done.applied, names());
  EXPECT_NE(reload(running_, nullptr).problem, "");
}

TEST(log_level, words_are_those_of_the_option) {
  for (const char* word : {"trace", "debug", "info", "warn", "error", "off"}) {
    const auto level = log::parse_level(word);
    ASSERT_TRUE(level) << word;
    EXPECT_EQ(log::to_string(*level), word);
  }
  EXPECT_FALSE(log::parse_level("warning"));
  EXPECT_FALSE(log::parse_level(""));
}

}  // namespace
}  // namespace frpx::server
