#include "http/prompt_hash.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace frpx::http {
namespace {

std::optional<std::uint64_t> hash(std::string_view body, std::size_t piece = 1000) {
  prompt_hash of;
  of.start();
  for (std::size_t at = 0; at < body.size(); at += piece) of.feed(body.substr(at, piece));
  return of.value();
}

const std::vector<std::vector<std::string>> alike = {
    {R"({"messages":[{"role":"user","content":"hello"}]})",
     R"({"model":"m","messages":[{"role":"user","content":"hello"},{"role":"assistant"}]})",
     R"( { "stream" : true , "messages" : [ { "role":"user" , "content":"h\u0065llo" } , 1 ] } )",
     R"({"tools":[{"messages":["other"]}],"messages":[{"role":"user","content":"hello"}]})",
     R"({"messages":[],"messages":[{"role":"user","content":"hello"}]})"},
    {R"({"messages":[{"role":"user","content":"other"}]})"},
    {R"({"messages":[{"role":"user","content":["hello",{"image":1.5e3}]},{}]})"},
    {R"({"messages":[{"role":"user","content":["hello",{"image":1.6e3}]},{}]})"},
    {R"({"prompt":"hello"})", R"({"prompt":["hello","more"]})", R"({"input":"hello","x":1})"},
    {R"({"prompt":"hell"})"},
    {R"({"input":[[1,2,3],[4]]})"},
    {R"({"input":[[1,23],[4]]})"},
    {R"({"input":[12,34]})", R"({"input":[12,56]})"},
};

TEST(prompt_hash, requests_of_one_conversation_have_one_hash_and_others_another) {
  for (const auto& row : alike) {
    for (const auto& one : row) {
      ASSERT_TRUE(hash(one)) << one;
      for (const auto& other_row : alike) {
        for (const auto& other : other_row) {
          EXPECT_EQ(hash(one) == hash(other), &row == &other_row) << one << " and " << other;
        }
      }
    }
  }
}

TEST(prompt_hash, does_not_depend_on_how_the_body_is_split) {
  for (const auto& row : alike) {
    for (const auto& one : row) {
      for (const std::size_t piece : {1U, 2U, 7U}) EXPECT_EQ(hash(one, piece), hash(one)) << one;
    }
  }
}

TEST(prompt_hash, what_has_none) {
  for (const char* body :
       {"", "{", "[]", "[[1]]", "7", R"({"messages":[]})", R"({"messages":[{"role":"us)",
        R"({"Messages":["x"]})", R"({"x":{"prompt":"x"}})", R"({"promptly":"x","promp":"x"})",
        R"({"model":"m"})", R"({"x":tru,"prompt":"x"})"}) {
    EXPECT_FALSE(hash(body)) << body;
    EXPECT_FALSE(hash(body, 1)) << body;
  }
  EXPECT_FALSE(
      hash(R"({"x":)" + std::string(300, '[') + std::string(300, ']') + R"(,"prompt":"x"})"));
}

TEST(prompt_hash, is_done_as_soon_as_it_can_be) {
  prompt_hash of;
  of.start();
  of.feed(R"({"messages":[{"role":"user"})");
  EXPECT_TRUE(of.done());
  EXPECT_TRUE(of.value());
  of.start();
  EXPECT_FALSE(of.done());
  EXPECT_FALSE(of.value());
  of.feed("rubbish");
  EXPECT_TRUE(of.done());
}

}  // namespace
}  // namespace frpx::http
