#include "api/dashboard_files.hpp"

#include <gtest/gtest.h>

#include "tests/support/event_loop.hpp"

namespace frpx::api {
namespace {

constexpr unsigned char page[] = {'p', 'a', 'g', 'e', 0, '!'};
constexpr unsigned char page_gzip[] = {0x1f, 0x8b, 0, 'p'};
constexpr unsigned char script[] = {'j', 's'};
constexpr unsigned char script_gzip[] = {0x1f, 0x8b, 's'};
constexpr dashboard_file files[] = {
    {"/", "text/html; charset=utf-8", page, page_gzip, "\"p1\""},
    {"/assets/a-1.js", "text/javascript", script, script_gzip, "\"s1\""},
};
constexpr const char* takes_gzip = "Accept-Encoding: gzip\r\n";

class dashboard : public testing::Test {
 protected:
  http::response ask(std::string_view method, std::string_view path, std::string_view fields = "",
                     std::span<const dashboard_file> of = files) {
    const auto answers =
        beside_dashboard(of, [](http::request) { return http::ready(http::refusal(401)); });
    const std::string text = std::string(method) + " " + std::string(path) +
                             " HTTP/1.1\r\nHost: localhost\r\n" + std::string(fields) + "\r\n";
    http::request_head head;
    EXPECT_FALSE(http::parse_request(text, {}, head)) << text;
    http::request asked;
    asked.head = &head;
    return loop_.await(answers(asked));
  }
  static std::string header(const http::response& of, std::string_view name) {
    for (const auto& each : of.headers) {
      if (each.name == name) return each.value;
    }
    return {};
  }

 private:
  test::event_loop loop_;
};

TEST_F(dashboard, gives_its_files_to_anybody) {
  const auto given = ask("GET", "/");
  EXPECT_EQ(given.status, 200);
  EXPECT_EQ(given.content_type, "text/html; charset=utf-8");
  EXPECT_EQ(given.body, std::string("page\0!", 6));
  EXPECT_EQ(header(given, "Content-Encoding"), "");
  EXPECT_EQ(header(given, "Vary"), "Accept-Encoding");
  EXPECT_EQ(header(given, "Cache-Control"), "no-cache");
  EXPECT_EQ(header(given, "ETag"), "\"p1\"");
  EXPECT_NE(header(given, "Content-Security-Policy").find("default-src 'none'"), std::string::npos);
  EXPECT_EQ(header(given, "X-Content-Type-Options"), "nosniff");
  const auto code = ask("HEAD", "/assets/a-1.js");
  EXPECT_EQ(code.body, "js");
  EXPECT_NE(header(code, "Cache-Control").find("immutable"), std::string::npos);
}

TEST_F(dashboard, is_compressed_for_who_asks_for_that) {
  const auto given = ask("GET", "/", takes_gzip);
  EXPECT_EQ(given.body, std::string("\x1f\x8b\0p", 4));
  EXPECT_EQ(header(given, "Content-Encoding"), "gzip");
  EXPECT_EQ(header(given, "Vary"), "Accept-Encoding");
  EXPECT_EQ(header(given, "ETag"), "\"p1-gzip\"") << "other bytes";
  EXPECT_EQ(ask("GET", "/", "Accept-Encoding: gzip;q=0\r\n").body, std::string("page\0!", 6));
}

TEST_F(dashboard, is_not_sent_again_to_who_has_it) {
  for (const char* known : {"\"p1\"", "W/\"p1\"", "\"other\", \"p1\"", "*"}) {
    const auto same = ask("GET", "/", std::string("If-None-Match: ") + known + "\r\n");
    EXPECT_EQ(same.status, 304) << known;
    EXPECT_TRUE(same.body.empty());
    EXPECT_EQ(header(same, "ETag"), "\"p1\"");
    EXPECT_EQ(header(same, "Vary"), "Accept-Encoding");
  }
  const std::string has_gzip = "If-None-Match: \"p1-gzip\"\r\n";
  EXPECT_EQ(ask("GET", "/", has_gzip + takes_gzip).status, 304);
  EXPECT_EQ(ask("GET", "/", has_gzip).status, 200) << "it has another form";
  for (const char* known : {"\"s1\"", "p1", "\"p1", ","}) {
    EXPECT_EQ(ask("GET", "/", std::string("If-None-Match: ") + known + "\r\n").status, 200)
        << known;
  }
}

TEST_F(dashboard, leaves_everything_else_to_the_api) {
  EXPECT_EQ(ask("POST", "/").status, 401);
  EXPECT_EQ(ask("GET", "/assets/b.js").status, 401);
  EXPECT_EQ(ask("GET", "/api/clients").status, 401);
}

TEST_F(dashboard, that_is_not_there_says_so) {
  const auto given = ask("GET", "/", "", {});
  EXPECT_EQ(given.status, 200);
  EXPECT_EQ(given.content_type, "text/plain; charset=utf-8");
  EXPECT_NE(given.body.find("FRPX_DASHBOARD=OFF"), std::string::npos);
  EXPECT_TRUE(header(given, "Content-Encoding").empty());
  EXPECT_EQ(ask("GET", "/assets/a-1.js", "", {}).status, 401);
}

}  // namespace
}  // namespace frpx::api
