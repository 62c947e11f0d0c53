#include "core/json_writer.hpp"

#include <gtest/gtest.h>

#include <cstdint>
#include <limits>

namespace frpx {
namespace {

TEST(json_writer, nests_and_separates) {
  std::string text;
  json_writer json(text);
  json.begin_object().member("a", 1).key("b").begin_array();
  json.begin_object().end_object().begin_array().end_array().value("x").null().value(true);
  json.end_array().member("c", false).key("d").raw("{\"e\":0}").end_object();
  EXPECT_EQ(text, R"({"a":1,"b":[{},[],"x",null,true],"c":false,"d":{"e":0}})");
}

TEST(json_writer, numbers_keep_their_digits) {
  std::string text;
  json_writer json(text);
  json.begin_array().value(12.3f).value(12.3).value(0.0f).value(100.0f);
  json.value(std::numeric_limits<std::uint64_t>::max());
  json.value(std::numeric_limits<std::int64_t>::min());
  json.value(std::numeric_limits<float>::quiet_NaN());
  json.value(-std::numeric_limits<double>::infinity()).end_array();
  EXPECT_EQ(text, "[12.3,12.3,0,100,18446744073709551615,-9223372036854775808,null,null]");
}

TEST(json_writer, escapes_what_json_demands) {
  std::string text;
  json_writer json(text);
  json.begin_object().member("k\"", std::string_view("\"\\\n\0\x1f/\x7f\xe6\x93\x8d", 10));
  json.end_object();
  EXPECT_EQ(text, "{\"k\\\"\":\"\\\"\\\\\\u000a\\u0000\\u001f/\x7f\xe6\x93\x8d\"}");
}

TEST(json_writer, what_is_not_utf8_becomes_a_character_that_says_so) {
  std::string text;
  json_writer json(text);
  json.begin_object().member("a\xff", "\x80\xed\xa0\x80\xc3").end_object();
  const std::string bad = "\xef\xbf\xbd";
  EXPECT_EQ(text, "{\"a" + bad + "\":\"" + bad + bad + bad + bad + bad + "\"}");
}

}  // namespace
}  // namespace frpx
