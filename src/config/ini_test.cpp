#include "config/ini.hpp"

#include <gtest/gtest.h>

namespace frpx::config {
namespace {

TEST(ini, sections_and_values) {
  std::string problem;
  const auto file = ini_file::parse(
      "# frp\n[common]\nserver_addr = 1.2.3.4\r\nserver_port=7000\n\n; a service\n[ ssh ]\n"
      "type = tcp\nlocal_port = 22\nlocal_port = 23\nempty =\nurl = a=b",
      problem);
  ASSERT_TRUE(file) << problem;
  ASSERT_EQ(file->sections.size(), 2u);
  EXPECT_EQ(file->section("common").text("server_addr", "x"), "1.2.3.4");
  EXPECT_EQ(file->section("common").port("server_port", 1), 7000);
  EXPECT_EQ(file->section("common").port("bind_port", 1), 1);
  EXPECT_EQ(file->section("ssh").port("local_port", 1), 23);
  EXPECT_EQ(file->section("ssh").text("empty", "x"), "");
  EXPECT_EQ(file->section("ssh").text("url", ""), "a=b");
  EXPECT_EQ(file->section("ssh").port("type", 1), std::nullopt);
  EXPECT_TRUE(file->section("none").values.empty());
}

TEST(ini, names_the_keys_that_nobody_knows) {
  std::string problem;
  const auto file = ini_file::parse("[a]\nx=1\ny=2\nx=3\nz=4\nz=5\n", problem);
  ASSERT_TRUE(file);
  constexpr std::string_view known[] = {"y", "w"};
  EXPECT_EQ(file->section("a").keys_beside(known), (std::vector<std::string>{"x", "z"}));
  EXPECT_TRUE(file->section("none").keys_beside(known).empty());
}

TEST(ini, ports_at_the_limits) {
  std::string problem;
  const auto file = ini_file::parse("[a]\nl=0\nh=65535\no=65536\nm=-1\ns=1 2\n", problem);
  ASSERT_TRUE(file);
  EXPECT_EQ(file->section("a").port("l", 9), 0);
  EXPECT_EQ(file->section("a").port("h", 9), 65535);
  for (const char* key : {"o", "m", "s"}) EXPECT_FALSE(file->section("a").port(key, 9)) << key;
}

TEST(ini, says_what_is_wrong_and_where) {
  for (const char* text : {"key = value\n", "[a]\nno value\n", "[a]\n= v\n", "[\n", "[]\n"}) {
    std::string problem;
    EXPECT_FALSE(ini_file::parse(text, problem)) << text;
    EXPECT_NE(problem.find("line "), problem.npos) << problem;
  }
  std::string problem;
  EXPECT_FALSE(ini_file::read("/there/is/no/such/file", problem));
  EXPECT_NE(problem.find("cannot be read"), problem.npos);
  EXPECT_FALSE(ini_file::read("/dev/zero", problem));
  EXPECT_NE(problem.find("not a regular file"), problem.npos);
}

}  // namespace
}  // namespace frpx::config
