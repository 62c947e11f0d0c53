#include "server/usage_sums.hpp"

#include <gtest/gtest.h>

namespace frpx::server {
namespace {

store::usage_row row(const std::string& client, const std::string& model) {
  return {.key = "k", .client = client, .model = model, .hour = {}, .of = {.requests = 1}};
}

TEST(usage_sums, add_up_and_are_bounded) {
  usage_sums sums;
  for (std::size_t i = 0; i < usage_sums::most; ++i) {
    sums.add(std::vector{row("c", std::to_string(i))});
  }
  sums.add(std::vector{row("c", "0"), row("c", "one more"), row("c", "and another")});
  std::size_t count = 0;
  sums.each([&](const std::string& client, const std::string& model, const store::usage& sum) {
    ++count;
    const std::uint64_t expected = client == ":others" || model == "0" ? 2 : 1;
    EXPECT_EQ(sum.requests, expected) << client << " " << model;
  });
  EXPECT_EQ(count, usage_sums::most + 1);
}

}  // namespace
}  // namespace frpx::server
