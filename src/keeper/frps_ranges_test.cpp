#include "keeper/frps_ranges.hpp"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fstream>

#include "core/random.hpp"

namespace frpx::keeper {
namespace {

constexpr auto toml = config_format::toml;
constexpr auto yaml = config_format::yaml;
constexpr auto json = config_format::json;
constexpr auto ini = config_format::ini;

TEST(frps_ranges, are_found_in_every_notation) {
  const struct {
    config_format as;
    const char* text;
    const char* ranges;
  } cases[] = {
      {toml, "allowPorts = [{ start = 2000, end = 3000 }, { single = 3001 }]", "2000-3000,3001"},
      {toml, "bindPort = 7000\n[[httpPlugins]]\nname = \"x\"\naddr = \"127.0.0.1:8080\"\n", ""},
      {toml, "[[allowPorts]]\nstart = 1\nend = 2\n[[allowPorts]]\nsingle = 9\n", "1-2,9"},
      {toml, "", ""},
      {toml, "allowPorts = []", ""},
      {yaml, "bindPort: 7000\nallowPorts:\n  - start: 2000\n    end: 3000\n  - single: 3001\n",
       "2000-3000,3001"},
      {yaml, "allowPorts: [{start: 1, end: 2}, {single: 9}]", "1-2,9"},
      {yaml, "bindPort: 7000", ""},
      {yaml, "", ""},
      {yaml, "allowPorts:", ""},
      {json, R"({"allowPorts":[{"start":2000,"end":3000},{"single":3001}]})", "2000-3000,3001"},
      {json, R"({"bindPort":7000})", ""},
      {ini, "[common]\nbind_port = 7000\nallow_ports = 2000-3000,3001\n", "2000-3000,3001"},
      {ini, "; x\n[common]\r\n# allow_ports = 1\r\nallow_ports=9\r\n", "9"},
      {ini, "[plugin.x]\nallow_ports = 5\n", ""},
      {ini, "[common]\nallow_ports =\n", ""},
      {ini, "", ""},
  };
  ASSERT_GT(std::size(cases), 0u);
  for (const auto& each : cases) {
    const auto read = read_ranges(each.text, each.as);
    EXPECT_EQ(read.problem, "") << each.text;
    EXPECT_EQ(read.allowed.to_string(), each.ranges) << each.text;
  }
}

TEST(frps_ranges, what_is_wrong_is_told_with_its_place) {
  const struct {
    config_format as;
    const char* text;
    const char* part;
  } cases[] = {
      {toml, "\n\nallowPorts = [{ start = 3000, end = 2000 }]", "line 3: allowPorts, range 1"},
      {toml, "allowPorts = [\n{ single = 1 },\n{ single = 70000 }]", "line 3: allowPorts, range 2"},
      {toml, "allowPorts = [{ start = 3000 }]", "range 1"},
      {toml, "allowPorts = [7]", "range 1"},
      {toml, "\nallowPorts = \"2000-3000\"", "line 2: allowPorts must be a list"},
      {toml, "\n\n= 7", "line 3: "},
      {yaml, "a: 1\nallowPorts:\n- single: 0\n", "line 3: allowPorts, range 1"},
      {yaml, "allowPorts:\n- start: x\n  end: 5\n", "range 1"},
      {yaml, "allowPorts: 7", "line 1: allowPorts must be a list"},
      {yaml, "allowPorts: [7]", "range 1"},
      {yaml, "a: [\n", "line "},
      {yaml, "- a\n", "no YAML mapping"},
      {json, R"({"allowPorts":[{"start":-1,"end":3000}]})", "range 1"},
      {json, R"({"allowPorts":[{"single":80.5}]})", "range 1"},
      {json, R"({"allowPorts":{}})", "must be a list"},
      {json, "[]", "no JSON object"},
      {json, "{", "not JSON"},
      {ini, "[common]\nallow_ports = 2000-3000,x\n", "line 2: allow_ports: \"x\" (range 2)"},
  };
  ASSERT_GT(std::size(cases), 0u);
  for (const auto& each : cases) {
    const auto read = read_ranges(each.text, each.as);
    EXPECT_NE(read.problem.find(each.part), std::string::npos) << each.text << ": " << read.problem;
    EXPECT_TRUE(read.allowed.empty());
  }
}

TEST(frps_ranges, a_list_is_bounded) {
  std::string text = "{\"allowPorts\":[{\"single\":1}";
  for (std::size_t i = 1; i < ports::ranges::most; ++i) text += ",{\"single\":1}";
  EXPECT_EQ(read_ranges(text + "]}", json).problem, "");
  EXPECT_NE(read_ranges(text + ",{\"single\":1}]}", json).problem, "");
}

TEST(frps_ranges, a_file_is_read_by_its_ending) {
  const auto folder = std::filesystem::temp_directory_path() / ("frpx-" + random_hex(8));
  std::filesystem::create_directory(folder);
  const auto file = [&](const char* name, const std::string& text) {
    std::ofstream(folder / name) << text;
    return folder / name;
  };
  EXPECT_EQ(read_ranges_of(file("frps.ini", "[common]\nallow_ports=5\n")).allowed.to_string(), "5");
  EXPECT_EQ(read_ranges_of(file("a.yml", "allowPorts: [{single: 6}]")).allowed.to_string(), "6");
  EXPECT_EQ(read_ranges_of(file("empty.toml", "")).problem, "");
  const auto bad = read_ranges_of(file("bad.json", "{"));
  EXPECT_EQ(bad.problem.find((folder / "bad.json").string() + ": "), 0u) << bad.problem;
  EXPECT_NE(read_ranges_of(file("a.conf", "")).problem.find("must end with"), std::string::npos);
  EXPECT_NE(read_ranges_of(folder / "none.toml").problem.find("cannot be read"), std::string::npos);
  ASSERT_EQ(::mkfifo((folder / "pipe.ini").c_str(), 0600), 0);
  EXPECT_NE(read_ranges_of(folder / "pipe.ini").problem.find("not a regular file"),
            std::string::npos);
  const std::string large(1 << 20, '\n');
  EXPECT_EQ(read_ranges_of(file("large.ini", large)).problem, "");
  EXPECT_NE(read_ranges_of(file("large.ini", large + "\n")).problem.find("larger"),
            std::string::npos);
  std::filesystem::remove_all(folder);
}

}  // namespace
}  // namespace frpx::keeper
