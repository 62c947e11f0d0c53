#include "http/api_error.hpp"

#include <gtest/gtest.h>
#include <boost/json/parse.hpp>

#include <set>
#include <string>

#include "http/head.hpp"

namespace frpx::http {
namespace {

const wall_time moment{std::chrono::seconds(1700000000)};

TEST(api_error, is_a_whole_response_in_the_envelope) {
  const field extra[] = {{"Retry-After", "3"}};
  EXPECT_EQ(error_response({.status = 429, .extra = extra}, moment),
            "HTTP/1.1 429 Too Many Requests\r\nDate: Tue, 14 Nov 2023 22:13:20 GMT\r\n"
            "Content-Type: application/json\r\n"
            "Content-Length: 101\r\nRetry-After: 3\r\nConnection: close\r\n\r\n" +
                error_envelope("Too many requests", moment));
  EXPECT_EQ(error_envelope("a\"b\n", moment),
            R"({"success":false,"data":null,"message":"a\"b\n","timestamp":")" +
                to_rfc3339(moment) + "\"}");
}

TEST(api_error, parses_as_what_it_says) {
  for (const bool keep_alive : {false, true}) {
    for (const bool to_head : {false, true}) {
      const std::string text = error_response({.status = 401,
                                               .message = invalid_key_text,
                                               .keep_alive = keep_alive,
                                               .to_head = to_head},
                                              moment);
      head_scanner scanner;
      const auto size = scanner.scan_response(text);
      ASSERT_TRUE(size && *size);
      response_head head;
      ASSERT_FALSE(parse_response(std::string_view(text).substr(0, **size), {}, head));
      EXPECT_EQ(head.status, 401);
      EXPECT_EQ(head.keep_alive(), keep_alive);
      EXPECT_NE(head.fields.find("WWW-Authenticate"), nullptr);
      const std::string body = text.substr(**size);
      if (to_head) {
        EXPECT_TRUE(body.empty());
        continue;
      }
      EXPECT_EQ(head.content_length, body.size());
      const auto value = boost::json::parse(body);
      EXPECT_EQ(value.at("message").as_string(), "Invalid API key");
      EXPECT_FALSE(value.at("success").as_bool());
      EXPECT_TRUE(value.at("data").is_null());
    }
  }
}

TEST(api_error, texts_of_the_protocol_page) {
  EXPECT_EQ(error_text(400), "Invalid HTTP request format");
  EXPECT_EQ(error_text(401), "Missing API key in Authorization header");
  EXPECT_EQ(error_text(503), "No active clients available");
  std::set<std::string_view> texts;
  for (const int status : {400, 401, 408, 413, 414, 417, 429, 431, 501, 502, 503, 504, 505}) {
    EXPECT_TRUE(texts.insert(error_text(status)).second) << status;
    EXPECT_NE(reason_of(status), "Error") << status;
    EXPECT_NE(error_text(status), error_text(599)) << status;
  }
}

TEST(key, in_an_authorization_field) {
  struct row {
    std::string_view value, key;
  };
  for (const row& r :
       {row{"Bearer abc", "abc"}, row{"bEARER abc", "abc"}, row{"abc", "abc"}, row{"Bearer", ""},
        row{"", ""}, row{"Bearer  abc", "abc"}, row{"Bearer    a b", "a b"},
        row{"Bearerabc", "Bearerabc"}, row{"Basic abc", "Basic abc"}}) {
    EXPECT_EQ(key_in(r.value), r.key) << r.value;
  }
}

TEST(api_error, a_401_may_ask_for_basic) {
  const std::string both = error_response({.status = 401, .offers_basic = true}, moment);
  EXPECT_NE(both.find("\r\nWWW-Authenticate: Bearer\r\nWWW-Authenticate: Basic realm=\"frpx\""),
            both.npos);
  EXPECT_EQ(error_response({.status = 401}, moment).find("Basic"), both.npos);
  EXPECT_EQ(error_response({.status = 403, .offers_basic = true}, moment).find("Basic"), both.npos);
}

TEST(api_error, takes_a_body_that_is_made_already) {
  const std::string all = error_response({.status = 429, .body = R"({"error":"why"})"}, {});
  EXPECT_TRUE(all.ends_with("\r\n\r\n{\"error\":\"why\"}")) << all;
  EXPECT_NE(all.find("\r\nContent-Length: 15\r\n"), all.npos) << all;
}

TEST(api_error, an_answer_that_is_no_error) {
  EXPECT_EQ(json_response("{}", true, moment),
            "HTTP/1.1 200 OK\r\nDate: Tue, 14 Nov 2023 22:13:20 GMT\r\nContent-Type: "
            "application/json\r\nContent-Length: 2\r\n"
            "Connection: keep-alive\r\n\r\n{}");
  EXPECT_TRUE(json_response("", false, moment).ends_with("Connection: close\r\n\r\n"));
}

}  // namespace
}  // namespace frpx::http
