#include "gateway/unserved_models.hpp"

#include <gtest/gtest.h>

#include <string>

namespace frpx::gateway {
namespace {

wall_time at(int seconds) {
  return wall_time(std::chrono::seconds(seconds));
}

TEST(unserved_models, counts_each_under_one_of_its_names) {
  unserved_models models;
  models.note("Llama3", at(1));
  models.note("qwen", at(2));
  models.note("llama3:latest", at(3));
  const auto all = models.list();
  ASSERT_EQ(all.size(), 2u);
  EXPECT_EQ(all[0].model, "Llama3");
  EXPECT_EQ(all[0].requests, 2u);
  EXPECT_EQ(all[0].first, at(1));
  EXPECT_EQ(all[0].last, at(3));
  EXPECT_EQ(all[1].model, "qwen");
  EXPECT_EQ(all[1].requests, 1u);
}

TEST(unserved_models, takes_no_name_that_cannot_be_shown) {
  unserved_models models;
  models.note("", at(1));
  models.note("a\nb", at(1));
  models.note("\xff", at(1));
  models.note(std::string(257, 'x'), at(1));
  EXPECT_TRUE(models.list().empty());
}

TEST(unserved_models, keeps_those_that_are_asked_for_most) {
  unserved_models models;
  for (int i = 0; i < 3; ++i) models.note("wanted", at(i));
  for (int i = 0; i < 10'000; ++i) models.note("name-" + std::to_string(i), at(10 + i));
  const auto all = models.list();
  ASSERT_EQ(all.size(), unserved_models::most);
  EXPECT_EQ(all.front().model, "wanted");
  EXPECT_EQ(all[1].model, "name-9999");
  EXPECT_EQ(all.back().model, "name-9901") << "of those asked for once, the latest";
}

}  // namespace
}  // namespace frpx::gateway
