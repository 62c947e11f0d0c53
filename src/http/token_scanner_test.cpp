#include "http/token_scanner.hpp"

#include <gtest/gtest.h>

#include <string>

namespace frpx::http {
namespace {

using form = token_scanner::form;

token_count scan(form of, std::string_view answer, std::size_t piece) {
  token_scanner scanner;
  scanner.start(of);
  for (std::size_t at = 0; at < answer.size(); at += piece) scanner.feed(answer.substr(at, piece));
  return scanner.found();
}

struct example {
  const char* what;
  form of;
  std::string_view answer;
  token_count expected;
};

constexpr example examples[] = {
    {"OpenAI's answer",
     form::document,
     R"({"id":"x","choices":[{"message":{"content":"hi \"usage\": {"}}],)"
     R"("usage":{"prompt_tokens":12,"completion_tokens":34,"total_tokens":46}})",
     {12, 34}},
    {"with room in between",
     form::document,
     "{\n \"usage\" : {\r\n \"prompt_tokens\" : 12 ,\t\"completion_tokens\":\n34\n}\n}\n",
     {12, 34}},
    {"details within do not count",
     form::document,
     R"({"usage":{"prompt_tokens":12,"prompt_tokens_details":{"prompt_tokens":99},)"
     R"("completion_tokens":34,"x":[{"completion_tokens":99}]}})",
     {12, 34}},
    {"embeddings",
     form::document,
     R"({"data":[{"embedding":[0.1,-2,3e4]}],"usage":{"prompt_tokens":5,"total_tokens":5}})",
     {5, 0}},
    {"OpenAI's responses",
     form::document,
     R"({"usage":{"input_tokens":7,"output_tokens":8}})",
     {7, 8}},
    {"Ollama's answer",
     form::document,
     R"({"model":"m","response":"text","done":true,"prompt_eval_count":26,"eval_count":298})",
     {26, 298}},
    {"only the top counts",
     form::document,
     R"({"a":{"usage":{"prompt_tokens":1}},"b":[{"eval_count":2}],"message":{"eval_count":3}})",
     {0, 0}},
    {"an array at the top", form::document, R"([{"eval_count":2}])", {0, 0}},
    {"no number of tokens",
     form::document,
     R"({"eval_count":-5,"prompt_eval_count":1.5,"usage":{"prompt_tokens":1e3,)"
     R"("completion_tokens":"7"}})",
     {0, 0}},
    {"null", form::document, R"({"usage":null,"eval_count":null,"prompt_eval_count":4})", {4, 0}},
    {"a number that is too large",
     form::document,
     R"({"eval_count":99999999999999999999999999,"prompt_eval_count":1000000001})",
     {token_scanner::most, token_scanner::most}},
    {"a longer key",
     form::document,
     R"({"eval_counts":1,"xeval_count":2,"prompt_eval_count_and_more_than_fits":3})",
     {0, 0}},
    {"escapes in texts and keys",
     form::document,
     R"({"a\"eval_count":1,"b":"\\","eval_count":2,"c":"\",\"eval_count\":3,"})",
     {0, 2}},
    {"what is said last counts", form::document, R"({"eval_count":1,"eval_count":2})", {0, 2}},
    {"no JSON", form::document, R"(<html>"eval_count":1}}}{]"usage")", {0, 0}},
    {"an early end", form::document, R"({"eval_count":1,"usage":{"prompt_tokens":12)", {0, 1}},
    {"OpenAI's stream",
     form::events,
     "data: {\"choices\":[{\"delta\":{\"content\":\"a\"}}],\"usage\":null}\n\n"
     "data: {\"choices\":[],\"usage\":{\"prompt_tokens\":3,\"completion_tokens\":4}}\r\n\r\n"
     "data: [DONE]\n\n",
     {3, 4}},
    {"usage in each event",
     form::events,
     "data:{\"usage\":{\"prompt_tokens\":3,\"completion_tokens\":1}}\n\n"
     "data:{\"usage\":{\"prompt_tokens\":3,\"completion_tokens\":2}}\n\n",
     {3, 2}},
    {"OpenAI's stream of a response",
     form::events,
     "event: response.completed\ndata: {\"type\":\"response.completed\",\"response\":"
     "{\"output\":[],\"usage\":{\"input_tokens\":3,\"output_tokens\":4}}}\n\n",
     {3, 4}},
    {"comments and other fields",
     form::events,
     ": {\"eval_count\":1\nevent: {\"eval_count\":1}\ndatax: {\"eval_count\":2}\n"
     ": \"\n\ndata: {\"eval_count\":3}\n\n",
     {0, 3}},
    {"a broken event", form::events, "data: {\"a\":[\"b\n\ndata: {\"eval_count\":3}\n\n", {0, 3}},
    {"Ollama's stream",
     form::lines,
     "{\"message\":{\"content\":\"a\"},\"done\":false}\n"
     "{\"done\":true,\"prompt_eval_count\":26,\"eval_count\":298}\n",
     {26, 298}},
    {"no end of the last line", form::lines, "{}\n{\"eval_count\":298}", {0, 298}},
};

TEST(token_scanner, finds_what_services_report_however_it_is_split) {
  ASSERT_GT(std::size(examples), 0u);
  for (const example& each : examples) {
    for (std::size_t piece = 1; piece <= each.answer.size(); ++piece) {
      const token_count found = scan(each.of, each.answer, piece);
      EXPECT_EQ(found.prompt, each.expected.prompt) << each.what << ", in pieces of " << piece;
      EXPECT_EQ(found.completion, each.expected.completion)
          << each.what << ", in pieces of " << piece;
    }
  }
}

TEST(token_scanner, depth_confuses_nobody) {
  std::string answer = R"({"a":)" + std::string(100'000, '[') + R"({"eval_count":1})" +
                       std::string(100'000, ']') + R"(,"eval_count":2})";
  EXPECT_EQ(scan(form::document, answer, 7), (token_count{0, 2}));
}

TEST(token_scanner, another_answer_begins_anew) {
  token_scanner scanner;
  scanner.start(form::document);
  scanner.feed(R"({"eval_count":2,"a":{"b":"c)");
  scanner.start(form::document);
  EXPECT_EQ(scanner.found(), token_count());
  scanner.feed(R"({"prompt_eval_count":2})");
  EXPECT_EQ(scanner.found(), (token_count{2, 0}));
}

TEST(token_scanner, types_name_a_form) {
  EXPECT_EQ(token_scanner::form_of("application/json"), form::document);
  EXPECT_EQ(token_scanner::form_of("Application/JSON ; charset=utf-8"), form::document);
  EXPECT_EQ(token_scanner::form_of("text/event-stream; charset=utf-8"), form::events);
  EXPECT_EQ(token_scanner::form_of("application/x-ndjson"), form::lines);
  for (const char* other : {"", "text/html", "application/jsonx", "json", "; application/json"}) {
    EXPECT_FALSE(token_scanner::form_of(other)) << other;
  }
}

}  // namespace
}  // namespace frpx::http
