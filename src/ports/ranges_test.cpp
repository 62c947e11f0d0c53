#include "ports/ranges.hpp"

#include <gtest/gtest.h>

namespace frpx::ports {
namespace {

TEST(ranges, are_read_and_printed) {
  const struct {
    const char* text;
    const char* printed;
    std::vector<range> list;
  } cases[] = {
      {"6000-7000", "6000-7000", {{6000, 7000}}},
      {"6000-7000,8000-9000,10022",
       "6000-7000,8000-9000,10022",
       {{6000, 7000}, {8000, 9000}, {10022, 10022}}},
      {" 9 , 5 - 7\t", "9,5-7", {{9, 9}, {5, 7}}},
      {"1-65535", "1-65535", {{1, 65535}}},
      {"80-80", "80", {{80, 80}}},
      {"00080", "80", {{80, 80}}},
  };
  ASSERT_GT(std::size(cases), 0u);
  for (const auto& each : cases) {
    std::string problem;
    const auto read = ranges::parse(each.text, problem);
    ASSERT_TRUE(read) << each.text << ": " << problem;
    EXPECT_EQ(read->list(), each.list) << each.text;
    EXPECT_EQ(read->to_string(), each.printed);
    EXPECT_EQ(ranges::parse(read->to_string(), problem), *read);
  }
}

TEST(ranges, a_bad_one_is_told_with_its_place) {
  const struct {
    const char* text;
    const char* part;
  } cases[] = {
      {"", "(range 1) is no port"},
      {"6000-", "\"6000-\" (range 1) is no port"},
      {"-6000", "is no port"},
      {"6000,,7000", "\"\" (range 2) is no port"},
      {"6000,", "(range 2) is no port"},
      {"0", "is no port"},
      {"0-10", "is no port"},
      {"65536", "is no port"},
      {"80,70000-70001", "\"70000-70001\" (range 2) is no port"},
      {"7000-6000", "\"7000-6000\" (range 1) goes downwards"},
      {"6000-7000-8000", "is no port"},
      {"a-b", "is no port"},
      {"0x50", "is no port"},
      {"+80", "is no port"},
      {"80 81", "is no port"},
      {"99999999999999999999", "is no port"},
  };
  ASSERT_GT(std::size(cases), 0u);
  for (const auto& each : cases) {
    std::string problem;
    EXPECT_FALSE(ranges::parse(each.text, problem)) << each.text;
    EXPECT_NE(problem.find(each.part), std::string::npos) << each.text << ": " << problem;
  }
}

TEST(ranges, are_bounded) {
  std::string text = "1";
  for (std::size_t i = 1; i < ranges::most; ++i) text += ",1";
  std::string problem;
  EXPECT_TRUE(ranges::parse(text, problem)) << problem;
  EXPECT_FALSE(ranges::parse(text + ",1", problem));
  EXPECT_NE(problem.find("(range 1025) is one range too many"), std::string::npos) << problem;
}

TEST(ranges, give_each_port_once_in_the_written_order) {
  std::string problem;
  const auto read = ranges::parse("8000-8002,22,8001-8003", problem);
  ASSERT_TRUE(read);
  EXPECT_EQ(read->ports(), (std::vector<std::uint16_t>{8000, 8001, 8002, 22, 8003}));
  EXPECT_EQ(ranges::parse("65535", problem)->ports(), std::vector<std::uint16_t>{65535});
}

TEST(ranges, contain_their_ends) {
  std::string problem;
  const auto read = ranges::parse("10-12,20", problem);
  ASSERT_TRUE(read);
  for (const std::uint32_t in : {10u, 11u, 12u, 20u}) EXPECT_TRUE(read->contains(in)) << in;
  for (const std::uint32_t out : {0u, 9u, 13u, 19u, 21u, 65546u}) {
    EXPECT_FALSE(read->contains(out)) << out;
  }
  EXPECT_FALSE(ranges().contains(10));
}

}  // namespace
}  // namespace frpx::ports
