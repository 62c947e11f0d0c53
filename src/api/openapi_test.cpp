#include "api/openapi.hpp"

#include <gtest/gtest.h>

#include "api/rest_fixture.hpp"

namespace frpx::api {
namespace {

TEST_F(rest, every_route_is_described_and_nothing_else) {
  std::set<std::string> served;
  for (const auto& each : rest_routes(server)) {
    served.insert(std::string(each.method) + " " + std::string(each.pattern));
  }
  EXPECT_EQ(described_api(openapi_document()).operations(), served);
}

TEST_F(rest, the_document_stands_beside_the_rest) {
  const http::response answer = ask("GET", "/api/openapi.json");
  EXPECT_EQ(answer.status, 200);
  const json::object document = json::parse(answer.body).as_object();
  EXPECT_EQ(document.at("openapi"), "3.1.0");
  EXPECT_EQ(document.at("info").at("version"), FRPX_VERSION);
  const auto& parameters =
      document.at("paths").at("/api/clients/{id}").at("delete").at("parameters").as_array();
  ASSERT_EQ(parameters.size(), 2u);
  EXPECT_EQ(parameters[0].at("name"), "id");
  EXPECT_EQ(parameters[0].at("in"), "path");
  EXPECT_EQ(parameters[1].at("name"), "for");
  EXPECT_EQ(parameters[1].at("in"), "query");
}

// What holds the others against the document must itself find what is wrong.
TEST(described_api, finds_what_is_not_as_described) {
  const described_api api(openapi_document());
  const auto problem = [&](std::string_view data) {
    http::response answer;
    answer.body =
        R"({"success":true,"message":"m","timestamp":"t","data":)" + std::string(data) + "}";
    return api.problem_of("GET", "/api/connections/pending", answer);
  };
  EXPECT_EQ(problem(R"({"count":1,"connection_ids":["a"]})"), "");
  EXPECT_EQ(problem(R"({"count":1})"), ".data has no connection_ids");
  EXPECT_EQ(problem(R"({"count":"1","connection_ids":[]})"), ".data.count is of another type");
  EXPECT_EQ(problem(R"({"count":1,"connection_ids":[1]})"),
            ".data.connection_ids[] is of another type");
  EXPECT_EQ(problem(R"({"count":1,"connection_ids":[],"more":1})"), ".data.more is not described");
  EXPECT_EQ(problem("[]"), ".data is of another type");
  http::response unknown;
  unknown.body = "{}";
  EXPECT_EQ(api.problem_of("GET", "/api/nothing", unknown), "not described");
  EXPECT_EQ(api.problem_of("GET", "/api/clients/a/b/c", http::refusal(404)), "");
}

}  // namespace
}  // namespace frpx::api
