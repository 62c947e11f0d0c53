#include "keeper/public_data.hpp"

#include <gtest/gtest.h>

#include <fstream>

#include "core/random.hpp"

namespace frpx::keeper {
namespace {

class folder : public testing::Test {
 protected:
  folder() { std::filesystem::create_directory(path_); }
  ~folder() override { std::filesystem::remove_all(path_); }
  void file(const char* name, const char* text) const { std::ofstream(path_ / name) << text; }

  const std::filesystem::path path_ =
      std::filesystem::temp_directory_path() / ("frpx-" + random_hex(8));
};

std::shared_ptr<const ports::rules> any_rules() {
  return std::make_shared<const ports::rules>();
}

TEST(public_json, pairs_and_halves_are_read) {
  const auto read = read_public_json(
      R"({"proxies":{"u.a":6000,"u.b":6001},"ports":{"6000":"u.a","6009":"u.b","6002":"u.c"}})");
  ASSERT_TRUE(read) << read.error();
  EXPECT_EQ(read->ports, (std::vector<known_port>{{"u.a", 6000}, {"u.b", 6001}, {"u.c", 6002}}));
  EXPECT_TRUE(read->complaints.empty());
  EXPECT_TRUE(read_public_json(R"({"proxies":{}})")->ports.empty());
  EXPECT_EQ(read_public_json(R"({"ports":{"7":"p"}})")->ports.size(), 1u);
}

TEST(public_json, a_record_without_sense_is_told_and_passed_over) {
  const auto read = read_public_json(
      R"({"proxies":{"a":0,"b":65536,"c":"6000","d":1.5,"":1,"ok":2},"ports":{"x":"e","3":4}})");
  ASSERT_TRUE(read);
  EXPECT_EQ(read->ports, (std::vector<known_port>{{"ok", 2}}));
  EXPECT_EQ(read->complaints.size(), 7u);
}

TEST(public_json, another_form_is_refused) {
  for (const char* text : {"", "{", "[]", "{}", R"({"proxies":[]})", R"({"ports":1})"}) {
    EXPECT_FALSE(read_public_json(text)) << text;
  }
}

TEST_F(folder, gokv_is_read_by_content_not_by_name) {
  file("u.a.json", R"({"Port":6000,"CreatedAt":"2023-03-04T05:06:07.123456789Z"})");
  file("6000.json", R"({"Proxy":"u.a","CreatedAt":"2023-03-04T05:06:07Z"})");
  file("u%2F%C3%A9.json", R"({"Port":6001})");      // half a pair
  file("6002.json", R"({"Proxy":"u.only port"})");  // the other half
  file("7000.json", R"({"Port":6003})");            // a proxy that is called 7000
  file("notes.txt", "x");
  file("bad.json", "{");
  file("bad%zz.json", R"({"Port":6004})");
  file("none.json", R"({"Else":1})");
  const auto read = read_gokv(path_);
  ASSERT_TRUE(read) << read.error();
  EXPECT_EQ(read->ports,
            (std::vector<known_port>{
                {"7000", 6003}, {"u.a", 6000}, {"u.only port", 6002}, {"u/\xc3\xa9", 6001}}));
  EXPECT_EQ(read->complaints.size(), 3u);
  EXPECT_FALSE(read_gokv(path_ / "nowhere"));
}

TEST_F(folder, what_is_written_is_read_again) {
  const std::vector<ports::lease> leases = {{.proxy = "u.a/\xc3\xa9 %", .port = 6000},
                                            {.proxy = "u.b", .port = 6001}};
  const std::vector<known_port> same = {{"u.a/\xc3\xa9 %", 6000}, {"u.b", 6001}};
  EXPECT_EQ(read_public_json(to_public_json(leases))->ports, same);
  ASSERT_FALSE(write_gokv(leases, path_ / "new"));
  EXPECT_EQ(read_public_data(path_ / "new", data_format::gokv)->ports, same);
  EXPECT_TRUE(std::filesystem::exists(path_ / "new/u.a%2F%C3%A9%20%25.json"));
  file("db.json", to_public_json(leases).c_str());
  EXPECT_EQ(read_public_data(path_ / "db.json", data_format::json)->ports, same);
  EXPECT_FALSE(read_public_data(path_ / "none.json", data_format::json));
}

TEST(public_json, a_shared_number_is_written_once_among_the_ports) {
  const std::string text = to_public_json(
      {{.proxy = "t", .port = 1}, {.proxy = "u", .port = 1, .over = ports::transport::udp}});
  EXPECT_EQ(text, R"({"proxies":{"t":1,"u":1},"ports":{"1":"t"}})");
}

TEST(import, enters_what_is_free) {
  ports::lease_draft draft(any_rules());
  draft.put({.proxy = "known", .port = 6000});
  std::vector<std::string> complaints;
  const wall_time now{std::chrono::seconds(5)};
  EXPECT_EQ(enter({{"a", 6001}, {"b", 6001}, {"c", 6000}, {"known", 6005}, {"d", 6002}}, draft, now,
                  complaints),
            2u);
  EXPECT_EQ(complaints.size(), 3u);
  ASSERT_NE(draft.book().find("a"), nullptr);
  EXPECT_EQ(draft.book().find("a")->port, 6001);
  EXPECT_EQ(draft.book().find("a")->state, ports::use::unknown);
  EXPECT_EQ(draft.book().find("known")->port, 6000);
}

}  // namespace
}  // namespace frpx::keeper
