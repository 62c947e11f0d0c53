#include "keeper/json_cursor.hpp"

#include <gtest/gtest.h>

namespace frpx::keeper {
namespace {

bool is_json(std::string_view text) {
  json_cursor at(text);
  return at.value() && at.end();
}

TEST(json_cursor, lets_json_through) {
  const char* cases[] = {"{}",
                         "[]",
                         "0",
                         "-0",
                         "1e400",
                         "-1.5E-7",
                         "12345678901234567890123",
                         R"("")",
                         R"("\u0000\ud83d\ude00\/\"\\")",
                         "true",
                         "false",
                         "null",
                         " [ 1 , {\"a\" : [ ] } ]\r\n\t",
                         "\"\xe2\x82\xac\xf0\x9f\x98\x80\x7f\"",
                         R"({"a":1,"a":2})",
                         R"("\ud800")"};
  ASSERT_GT(std::size(cases), 0u);
  for (const char* text : cases) EXPECT_TRUE(is_json(text)) << text;
}

TEST(json_cursor, stops_at_what_is_not) {
  const char* cases[] = {
      "", " ", "{", "}", "[1,]", "[,1]", "[1 2]", "{\"a\"}", "{\"a\":}", "{\"a\":1,}", "{a:1}",
      "{'a':1}", "{1:1}", "01", "-", "+1", "1.", ".5", "1e", "1e+", "0x10", "NaN", "Infinity",
      "tru", "True", "nul", "\"", "\"\\\"", "\"\\x\"", "\"\\u12g4\"", "\"\\u12", "\"a\nb\"",
      "\"\x01\"", "1 2", "// 1", "[1]]", "\xef\xbb\xbf{}",
      // RFC 3629: cut, overlong, surrogate, beyond U+10FFFF, stray
      "\"\xe2\x82\"", "\"\xc0\x80\"", "\"\xe0\x80\x80\"", "\"\xed\xa0\x80\"",
      "\"\xf4\x90\x80\x80\"", "\"\xf8\x88\x80\x80\x80\"", "\"\x80\"", "\"\xf0\x80\x80\x80\""};
  ASSERT_GT(std::size(cases), 0u);
  for (const char* text : cases) EXPECT_FALSE(is_json(text)) << text;
}

TEST(json_cursor, depth_is_bounded) {
  const auto nested = [](int depth) {
    return std::string(static_cast<std::size_t>(depth), '[') +
           std::string(static_cast<std::size_t>(depth), ']');
  };
  EXPECT_TRUE(is_json(nested(json_cursor::deepest)));
  EXPECT_FALSE(is_json(nested(json_cursor::deepest + 1)));
  EXPECT_TRUE(is_json("[" + nested(5) + "," + nested(json_cursor::deepest - 1) + "]"));
  EXPECT_FALSE(is_json(std::string(1'000'000, '[')));
}

TEST(json_cursor, tells_where_values_stand) {
  constexpr std::string_view text = R"({ "a" : [ 1, 2 ] , "b\u0063" : -1e400 })";
  std::string_view a;
  std::string_view b;
  json_cursor at(text);
  EXPECT_TRUE(at.object([&](std::string_view name) {
    return name == "a" ? at.value(&a) : name == "bc" && at.value(&b);
  }));
  EXPECT_TRUE(at.end());
  EXPECT_EQ(a, "[ 1, 2 ]");
  EXPECT_EQ(b, "-1e400");
  EXPECT_EQ(b.data(), text.data() + text.find("-1e400"));
}

TEST(json_cursor, a_member_may_refuse) {
  json_cursor at(R"({"a":1})");
  EXPECT_FALSE(at.object([](std::string_view) { return false; }));
}

TEST(json_text, is_what_the_string_means) {
  const std::pair<const char*, std::string> cases[] = {
      {R"("")", ""},
      {R"("abc")", "abc"},
      {R"("\"\\\/\b\f\n\r\t")", "\"\\/\b\f\n\r\t"},
      {R"("\u0041\u00e9\u20AC\ud83d\ude00")", "A\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80"},
      {R"("a\u0000b")", std::string("a\0b", 3)},
  };
  ASSERT_GT(std::size(cases), 0u);
  for (const auto& [raw, text] : cases) EXPECT_EQ(json_text(raw), text) << raw;
  for (const char* raw :
       {R"("\ud800")", R"("\udc00")", R"("\ud800x")", R"("\ud800\n")", R"("\ud800\ud800")"}) {
    EXPECT_FALSE(json_text(raw)) << raw;
  }
}

}  // namespace
}  // namespace frpx::keeper
