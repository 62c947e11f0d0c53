#include "http/router.hpp"

#include <gtest/gtest.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_future.hpp>

#include <stdexcept>

#include "http/uri.hpp"

namespace frpx::http {
namespace {

// Answers with the route's name and the parameters.
handler named(std::string name) {
  return [name = std::move(name)](request asked) {
    response answer;
    answer.body = name;
    for (const std::string& each : asked.parameters) {
      if (!each.empty()) answer.body += "|" + each;
    }
    return ready(std::move(answer));
  };
}

router make_router() {
  return router({
      {"GET", "/", named("root")},
      {"GET", "/things", named("list")},
      {"POST", "/things", named("make")},
      {"GET", "/things/{id}", named("show")},
      {"DELETE", "/things/{id}", named("drop")},
      {"GET", "/things/special", named("special")},
      {"GET", "/things/{id}/parts/{part}", named("part")},
      {"HEAD", "/own/head", named("head")},
      {"GET", "/own/head", named("get")},
  });
}

response ask(const router& table, std::string_view method, std::string_view path) {
  request_head head;
  head.method = method;
  head.path = path;
  request asked;
  asked.head = &head;
  boost::asio::io_context context;
  auto answer = boost::asio::co_spawn(context, table(asked), boost::asio::use_future);
  context.run();
  return answer.get();
}

TEST(router, finds_the_handler) {
  struct row {
    const char* method;
    const char* path;
    std::string body;
  };
  const std::vector<row> rows = {
      {"GET", "/", "root"},
      {"GET", "/things", "list"},
      {"HEAD", "/things", "list"},
      {"POST", "/things", "make"},
      {"GET", "/%74hings", "list"},
      {"GET", "/things/a", "show|a"},
      {"DELETE", "/things/a", "drop|a"},
      {"GET", "/things/special", "special"},
      {"GET", "/things/speci%61l", "special"},
      {"GET", "/things/a/parts/b", "part|a|b"},
      {"GET", "/things/a%2Fparts%2fb", "show|a/parts/b"},
      {"GET", "/things/a+b%20c%25", "show|a+b c%"},
      {"GET", "/things/..", "show|.."},
      {"GET", "/things/%E6%93%8D", "show|\xe6\x93\x8d"},
      {"HEAD", "/own/head", "head"},
  };
  ASSERT_FALSE(rows.empty());
  const router table = make_router();
  for (const row& each : rows) {
    const response answer = ask(table, each.method, each.path);
    EXPECT_EQ(answer.status, 200) << each.path;
    EXPECT_EQ(answer.body, each.body) << each.path;
  }
}

TEST(router, refuses_the_rest_in_the_envelope) {
  struct row {
    const char* method;
    std::string path;
    int status;
    std::string allow;
  };
  const std::vector<row> rows = {
      {"GET", "/nothing", 404, ""},
      {"GET", "/things/", 404, ""},
      {"GET", "//things", 404, ""},
      {"GET", "/things/a/parts", 404, ""},
      {"GET", "/Things", 404, ""},
      {"OPTIONS", "*", 404, ""},
      {"GET", "/1/2/3/4/5/6/7/8", 404, ""},
      {"GET", "/1/2/3/4/5/6/7/8/9", 404, ""},
      {"GET", "/things/%4", 400, ""},
      {"GET", "/things/%", 400, ""},
      {"GET", "/things/%g1", 400, ""},
      {"GET", "/things/%1g", 400, ""},
      {"PUT", "/things", 405, "GET, HEAD, POST"},
      {"POST", "/things/a", 405, "GET, HEAD, DELETE"},
      {"get", "/things", 405, "GET, HEAD, POST"},
      {"PUT", "/own/head", 405, "HEAD, GET"},
  };
  ASSERT_FALSE(rows.empty());
  const router table = make_router();
  for (const row& each : rows) {
    const response answer = ask(table, each.method, each.path);
    EXPECT_EQ(answer.status, each.status) << each.path;
    EXPECT_TRUE(answer.body.starts_with("{\"success\":false,\"data\":null,")) << answer.body;
    EXPECT_EQ(answer.headers.empty(), each.allow.empty()) << each.path;
    for (const auto& header : answer.headers) {
      EXPECT_EQ(header.name, "Allow");
      EXPECT_EQ(header.value, each.allow) << each.path;
    }
  }
}

TEST(router, faults_in_the_table_are_found_at_once) {
  const auto table_of = [](const char* one, const char* other) {
    return router({{"GET", one, named("1")}, {"GET", other, named("2")}});
  };
  EXPECT_THROW(table_of("/a", "/a"), std::invalid_argument);
  EXPECT_THROW(table_of("/a/{x}", "/a/{y}"), std::invalid_argument);
  EXPECT_THROW(table_of("/a", "no/slash"), std::invalid_argument);
  EXPECT_THROW(table_of("/a", "/{x}/{y}/{z}"), std::invalid_argument);
  EXPECT_THROW(table_of("/a", "/1/2/3/4/5/6/7/8/9"), std::invalid_argument);
  EXPECT_NO_THROW(table_of("/{x}/{y}", "/1/2/3/4/5/6/7/8"));
}

TEST(uri, query_values) {
  struct row {
    const char* query;
    std::optional<std::string> value;
  };
  const std::vector<row> rows = {
      {"", std::nullopt},
      {"?", std::nullopt},
      {"?fort=1", std::nullopt},
      {"?for", ""},
      {"?for=", ""},
      {"?for=60s", "60s"},
      {"for=60s", "60s"},
      {"?a=1&for=2&for=3", "2"},
      {"?f%6Fr=a+b%2B%26", "a b+&"},
      {"?&&for=x=y", "x=y"},
      {"?x=for=1", std::nullopt},
  };
  ASSERT_FALSE(rows.empty());
  for (const row& each : rows) {
    const auto value = query_value(each.query, "for");
    ASSERT_TRUE(value) << each.query;
    EXPECT_EQ(*value, each.value) << each.query;
  }
  for (const char* broken : {"?for=%", "?for=%4", "?for=%zz", "?%=1"}) {
    EXPECT_FALSE(query_value(broken, "for")) << broken;
  }
}

}  // namespace
}  // namespace frpx::http
