#include "llm/api_path.hpp"

#include <gtest/gtest.h>

#include <string>

namespace frpx::llm {
namespace {

using enum dialect;

std::string canonical(std::string_view path) {
  return std::string(canonical_path(path).view());
}

TEST(canonical_path, is_what_a_service_may_make_of_it) {
  struct row {
    std::string_view path, canonical;
  };
  const row rows[] = {
      {"/", "/"},
      {"/v1/models", "/v1/models"},
      {"/v1/models/", "/v1/models"},
      {"//v1///models//", "/v1/models"},
      {"/v1/%6dodels", "/v1/models"},
      {"/v1%2Fmodels", "/v1/models"},
      {"/v1/%2fmodels%2f", "/v1/models"},
      {"/./v1/./models/.", "/v1/models"},
      {"/x/../v1/models/y/..", "/v1/models"},
      {"/%2e%2E/v1/%2e/models", "/v1/models"},
      {"/../../v1", "/v1"},
      {"/a/b/..", "/a"},
      {"/a/..", "/"},
      {"/a/...", "/a/..."},
      {"/a/..b", "/a/..b"},
      {"/v1/models/org%2Fname%3Atag", "/v1/models/org/name:tag"},
      {"/a%252Fb", "/a%2Fb"},
      // What cannot be decoded, or is no path, is none of ours.
      {"/v1/%6", ""},
      {"/v1/%zz", ""},
      {"/v1/models%00", ""},
      {"*", ""},
      {"", ""},
      {"%2Fv1/models", "/v1/models"},
  };
  ASSERT_GT(std::size(rows), 0u);
  for (const row& each : rows) EXPECT_EQ(canonical(each.path), each.canonical) << each.path;
  const std::string longest = "/" + std::string(canonical_path::longest - 1, 'x');
  EXPECT_EQ(canonical(longest), longest);
  EXPECT_EQ(canonical(longest + "x"), "");
}

struct row {
  std::string_view method, path;
  bool in_body, in_path, lists, repeatable;
  dialect speaks;
  std::string_view model = {};
};

constexpr row asks(std::string_view path, dialect speaks) {
  return {"POST", path, true, false, false, true, speaks};
}
constexpr row lists(std::string_view method, std::string_view path, dialect speaks) {
  return {method, path, false, false, true, false, speaks};
}
constexpr row retrieves(std::string_view path, std::string_view model) {
  return {"GET", path, false, true, false, false, openai, model};
}
constexpr row other(std::string_view method, std::string_view path, dialect speaks) {
  return {method, path, false, false, false, false, speaks};
}

constexpr row requests[] = {
    asks("/v1/chat/completions", openai),
    asks("/v1/completions", openai),
    asks("/v1/embeddings", openai),
    asks("/v1/responses", openai),
    asks("/v1/rerank", openai),
    asks("/v1/reranking", openai),
    asks("/v2/rerank", openai),
    asks("/rerank", openai),
    asks("/v1/score", openai),
    asks("/score", openai),
    asks("/v1/messages", anthropic),
    asks("/v1/messages/count_tokens", anthropic),
    asks("/api/chat", ollama),
    asks("/api/generate", ollama),
    asks("/api/embed", ollama),
    asks("/api/embeddings", ollama),
    asks("/api/show", ollama),
    asks("/v1//chat/completions", openai),
    asks("/v1/chat/completions/", openai),
    asks("/v1/x/../chat/completions", openai),
    asks("/v1/chat%2Fcompletions", openai),
    lists("GET", "/v1/models", openai),
    lists("HEAD", "/v1/models/", openai),
    lists("GET", "/api/tags", ollama),
    retrieves("/v1/models/m", "m"),
    retrieves("/v1/models/org/name:8b", "org/name:8b"),
    retrieves("/v1/models/org%2Fname", "org/name"),
    retrieves("/v1/models/a%20b/", "a b"),
    other("PUT", "/v1/chat/completions", openai),
    other("GET", "/v1/responses/r1", openai),
    other("DELETE", "/v1/models/m", openai),
    other("POST", "/v1/models", openai),
    other("POST", "/v1/messages/batches", anthropic),
    other("GET", "/v1/messages", anthropic),
    other("PUT", "/api/chat", ollama),
    other("POST", "/api/pull", ollama),
    other("HEAD", "/api/blobs/sha256:1", ollama),
    other("GET", "/", none),
    other("GET", "/v1", none),
    other("POST", "/V1/chat/completions", none),
    other("POST", "/api/blobs", none),
    other("POST", "/api/other", none),
    other("POST", "/xapi/chat", none),
    other("POST", "/v1%", none),
};

TEST(api_path, each_request_is_what_the_table_says) {
  for (const row& each : requests) {
    const canonical_path path(each.path);
    const api_match found = find_api(each.method, path);
    EXPECT_EQ(found.names_model_in_body(), each.in_body) << each.method << each.path;
    EXPECT_EQ(found.names_model(), each.in_body || each.in_path) << each.method << each.path;
    EXPECT_EQ(found.lists_models(), each.lists) << each.method << each.path;
    EXPECT_EQ(found.repeatable(), each.repeatable) << each.method << each.path;
    EXPECT_EQ(found.speaks, each.speaks) << each.method << each.path;
    EXPECT_EQ(found.model, each.model) << each.method << each.path;
  }
}

TEST(api_path, tells_paths_with_one_meaning_from_others) {
  const auto is_literal = [](std::string_view method, std::string_view text) {
    const canonical_path path(text);
    return find_api(method, path).literal;
  };
  for (const char* path : {"/v1/chat/completions", "//v1//chat/completions/"}) {
    EXPECT_TRUE(is_literal("POST", path)) << path;
  }
  for (const char* path : {"/v1/models/m", "/v1/models/org/name", "/v1/models/org%2Fname"}) {
    EXPECT_TRUE(is_literal("GET", path)) << path;
  }
  for (const char* path : {"/v1/chat%2Fcompletions", "/v1/./chat/completions",
                           "/x/../v1/chat/completions", "/v1/chat/complet%69ons"}) {
    EXPECT_FALSE(is_literal("POST", path)) << path;
  }
  for (const char* path : {"/v1/models/a%2F..%2Fb", "/v1/models/a/../b", "/v1/%6dodels/m"}) {
    EXPECT_FALSE(is_literal("GET", path)) << path;
  }
}

TEST(api_path, only_one_names_its_model_otherwise) {
  const canonical_path show("/api/show");
  EXPECT_EQ(find_api("POST", show).path->model, model_place::body_or_name);
}

TEST(api_path, the_dialect_of_bytes_that_are_no_whole_head) {
  EXPECT_EQ(dialect_of_bytes("POST /v1/chat/completions HTTP/1.1\r\nHost"), openai);
  EXPECT_EQ(dialect_of_bytes("\r\nPOST /v1/messages HTTP/9.9\r\n"), anthropic);
  EXPECT_EQ(dialect_of_bytes("POST /api/chat?x=" + std::string(9000, 'x')), ollama);
  EXPECT_EQ(dialect_of_bytes("GET http://h:80/api/tags?x=/v1/a HTTP/1.1\r\n"), ollama);
  EXPECT_EQ(dialect_of_target("/v1/x?y=://"), openai);
  EXPECT_EQ(dialect_of_target("http://h"), none);
  EXPECT_EQ(dialect_of_target("/x?y=http://h/v1/models"), none);
  for (const char* bytes : {"", "POST", "POST ", "POST /v1/chat/comp", "GET / HTTP/1.1\r\n"}) {
    EXPECT_EQ(dialect_of_bytes(bytes), none) << bytes;
  }
}

}  // namespace
}  // namespace frpx::llm
