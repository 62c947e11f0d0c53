#include "gateway/key_rules.hpp"

#include <gtest/gtest.h>

#include <string>

namespace frpx::gateway {
namespace {

using identity::key_facts;

const key_facts for_models{"id", "n", "", {.models = {"mine", "also/mine:8b"}}};
const key_facts for_clients{"id", "n", "", {.clients = {"box"}}};
const key_facts for_all{"id", "n", ""};

int judged_head(const std::string& line, const std::string& fields, const key_facts& key) {
  const std::string text = line + " HTTP/1.1\r\nHost: h\r\n" + fields + "\r\n";
  http::request_head head;
  EXPECT_FALSE(http::parse_request(text, {}, head)) << text;
  const llm::canonical_path path(head.path);
  return judge_head(head, llm::find_api(head.method, path), key, 1048576).status;
}

struct head_example {
  const char* line;
  const char* fields;
  int status;
};

// With a list of models.
constexpr head_example heads[] = {
    {"POST /v1/chat/completions", "Content-Length: 10\r\n", 0},
    {"POST /v1/chat/completions?beta=true", "Content-Length: 10\r\n", 0},
    {"POST /v1/chat/completions", "Transfer-Encoding: chunked\r\n", 0},
    {"POST /v1/chat/completions", "Content-Encoding: identity\r\nContent-Length: 1\r\n", 0},
    {"POST /v1/chat/completions", "Content-Length: 1048576\r\n", 0},
    {"POST /v1/chat/completions", "Content-Length: 1048577\r\n", 413},
    {"POST /v1/chat/completions", "Content-Encoding: gzip\r\nContent-Length: 1\r\n", 415},
    {"POST /v1/chat/completions", "content-encoding: Deflate\r\nContent-Length: 1\r\n", 415},
    {"POST /v1/chat/completions",
     "Content-Encoding: identity\r\nContent-Encoding: br\r\nContent-Length: 1\r\n", 415},
    {"POST /v1/chat/completions", "Content-Encoding: identity, gzip\r\nContent-Length: 1\r\n", 415},
    {"POST /v1/chat/completions", "Content-Type: application/json\r\nContent-Length: 1\r\n", 0},
    {"POST /v1/chat/completions", "content-type: Application/JSON ; Charset=\"UTF-8\"\r\n", 0},
    {"POST /v1/chat/completions", "Content-Type: application/json;\r\n", 0},
    {"POST /v1/chat/completions", "Content-Type: application/json; charset=utf-7\r\n", 415},
    {"POST /v1/chat/completions", "Content-Type: application/json; charset=utf-16\r\n", 415},
    {"POST /v1/chat/completions", "Content-Type: application/json; charset=\r\n", 415},
    {"POST /v1/chat/completions",
     "Content-Type: application/json; charset=utf-8; charset=utf-7\r\n", 415},
    {"POST /v1/chat/completions", "Content-Type: application/json; x=1\r\n", 415},
    {"POST /v1/chat/completions",
     "Content-Type: application/json\r\nContent-Type: application/json; charset=utf-7\r\n", 415},
    {"POST /v1/chat/completions", "Content-Type: application/x-www-form-urlencoded\r\n", 415},
    {"POST /v1/chat/completions", "Content-Type: multipart/form-data; boundary=b\r\n", 415},
    {"POST /v1/chat/completions", "Content-Type: text/plain\r\n", 415},
    {"POST /v1/chat/completions", "Content-Type: application/jsonp\r\n", 415},
    {"POST /v1/chat/completions", "Content-Type:\r\n", 415},
    {"POST /v1/chat/completions?_method=PUT", "Content-Length: 1\r\n", 400},
    {"POST /v1/chat/completions?%5fMethod=PUT", "Content-Length: 1\r\n", 400},
    {"POST /v1/chat/completions?model=other", "Content-Length: 1\r\n", 400},
    {"POST /v1/chat/completions?a=1&MoDeL=other", "Content-Length: 1\r\n", 400},
    {"POST /v1/chat/completions?%6dodel=other", "Content-Length: 1\r\n", 400},
    {"POST /v1/chat/completions?%zz", "Content-Length: 1\r\n", 400},
    {"GET /v1/models", "", 0},
    {"HEAD /api/tags", "", 0},
    {"GET /", "", 0},
    {"GET /v1/models?x", "", 403},
    {"GET /v1/models", "Content-Length: 1\r\n", 403},
    {"GET /", "Connection: Upgrade\r\nUpgrade: websocket\r\n", 403},
    {"GET /v1/models/other", "", 403},
    {"POST /v1/models", "Content-Length: 1\r\n", 403},
    {"POST /v1/chat/completions/", "Content-Length: 1\r\n", 0},
    {"POST //v1//chat/completions", "Content-Length: 1\r\n", 0},
    {"POST /v1/./chat/completions", "Content-Length: 1\r\n", 403},
    {"POST /x/../v1/chat/completions", "Content-Length: 1\r\n", 403},
    {"POST /v1/chat/completions/../../../api/pull", "Content-Length: 1\r\n", 403},
    {"POST /v1/chat%2fcompletions", "Content-Length: 1\r\n", 403},
    {"POST /V1/chat/completions", "Content-Length: 1\r\n", 403},
    {"PUT /v1/chat/completions", "Content-Length: 1\r\n", 403},
    {"POST /api/pull", "Content-Length: 1\r\n", 403},
    {"POST /api/show", "Content-Length: 1\r\n", 0},
    {"POST /v1/messages", "Content-Length: 1\r\n", 0},
    {"POST /v1/messages/batches", "Content-Length: 1\r\n", 403},
    {"GET /v1/models/mine", "", 0},
    {"HEAD /v1/models/mine", "", 0},
    {"GET /v1/models/also/mine:8b", "", 0},
    {"GET /v1/models/also%2Fmine%3A8b", "", 0},
    {"GET /v1/models/mine%2F..%2Fother", "", 403},
    {"GET /v1/models/other/../mine", "", 403},
    {"GET /v1/%6dodels/mine", "", 403},
    {"GET /v1/models/mine?x", "", 403},
    {"GET /v1/models/mine", "Content-Length: 1\r\n", 403},
    {"GET /v1/models/mine", "Connection: Upgrade\r\nUpgrade: websocket\r\n", 403},
    {"DELETE /v1/models/mine", "", 403},
    {"DELETE /api/delete", "", 403},
};

TEST(key_rules, with_a_list_of_models_only_what_can_be_judged_gets_through) {
  ASSERT_GT(std::size(heads), 0u);
  for (const head_example& each : heads) {
    EXPECT_EQ(judged_head(each.line, each.fields, for_models), each.status) << each.line << "\n"
                                                                            << each.fields;
    for (const key_facts* key : {&for_clients, &for_all}) {
      EXPECT_EQ(judged_head(each.line, each.fields, *key), 0) << each.line;
    }
  }
}

TEST(key_rules, with_a_list_of_clients_no_other_is_named) {
  const auto judged = [](const std::string& fields, const key_facts& key) {
    return judged_head("GET /x", fields, key);
  };
  EXPECT_EQ(judged("client_id: box\r\n", for_clients), 0);
  EXPECT_EQ(judged("client_id: other\r\n", for_clients), 403);
  EXPECT_EQ(judged("client_id: box\r\nclient_id: other\r\n", for_clients), 403);
  EXPECT_EQ(judged("Client_ID: other\r\n", for_clients), 403);
  EXPECT_EQ(judged("client_id: other\r\n", for_all), 0);
}

struct body_example {
  const char* body;
  int status;
};

constexpr body_example bodies[] = {
    {R"({"model":"mine"})", 0},
    {R"({"model":"mine:latest"})", 0},
    {R"( {"messages":[{"model":"other"}],"model":"also/mine:8b"} )", 0},
    {R"({"model":"m\u0069ne"})", 0},
    {R"({"model":"other"})", 403},
    {R"({"model":"mine "})", 403},
    {R"({"model":"Mine"})", 403},
    {R"({"model":"mine:8b"})", 403},
    {R"({"model":"also/mine"})", 403},
    {R"({"\u006dodel":"other"})", 403},
    {R"({"model":"mine","models":["other"]})", 400},
    {R"({"fallbacks":["other"],"model":"mine"})", 400},
    {R"({"model":"mine","Models":[]})", 400},
    {R"({"model":"mine","x":{"models":["other"]}})", 0},
    {R"({"model":"mine","model":"other"})", 400},
    {R"({"model":"other","model":"mine"})", 400},
    {R"({"model":"mine","model":"mine"})", 400},
    {R"({"model":"mine","Model":"other"})", 400},
    {R"({"MODEL":"other","model":"mine"})", 400},
    {R"({"MODEL":"other"})", 400},
    {R"({"model":"mine","m\u006fdel":"other"})", 400},
    {R"({"model":"mine","\u004dodel":"other"})", 400},
    {R"({"model":"mine"}{"model":"other"})", 400},
    {R"([{"model":"mine"}])", 400},
    {R"({"model":["mine"]})", 400},
    {R"({"model":null})", 400},
    {R"({"a":{"model":"mine"}})", 400},
    {R"({"model":"mine)", 400},
    {R"({model:"mine"})", 400},
    {"{\"model\":\"mi\xffne\"}", 400},
    {"\xef\xbb\xbf{\"model\":\"mine\"}", 400},
    {"model=mine", 400},
    {"", 400},
};

TEST(key_rules, the_list_of_models_cannot_be_bypassed_by_the_body) {
  ASSERT_GT(std::size(bodies), 0u);
  for (const body_example& each : bodies) {
    const std::string_view body = each.body;
    for (std::size_t piece = 1; piece <= body.size() + 1; ++piece) {
      http::model_finder model(http::model_finder::extent::whole);
      for (std::size_t at = 0; at < body.size(); at += piece) model.feed(body.substr(at, piece));
      model.finish();
      EXPECT_EQ(judge_model(model, for_models).status, each.status)
          << body << " in pieces of " << piece;
    }
  }
}

}  // namespace
}  // namespace frpx::gateway
