#include "llm/error_body.hpp"

#include <gtest/gtest.h>
#include <boost/json/parse.hpp>

#include <string>

#include "http/api_error.hpp"

namespace frpx::llm {
namespace {

const wall_time moment{std::chrono::seconds(1700000000)};
constexpr error refused{.status = 401, .message = "no \"key\"", .code = "", .request_id = "r1"};

TEST(error_body, is_the_envelope_and_the_error_in_the_callers_form) {
  const std::string envelope = http::error_envelope(refused.message, moment);
  const std::string open = envelope.substr(0, envelope.size() - 1) + ",";
  EXPECT_EQ(error_body(dialect::none, refused, moment), envelope);
  EXPECT_EQ(error_body(dialect::openai, refused, moment),
            open + R"("error":{"message":"no \"key\"","type":"invalid_request_error",)"
                   R"("param":null,"code":"invalid_api_key"}})");
  EXPECT_EQ(error_body(dialect::anthropic, refused, moment),
            open + R"("type":"error","error":{"type":"authentication_error",)"
                   R"("message":"no \"key\""},"request_id":"r1"})");
  EXPECT_EQ(error_body(dialect::ollama, refused, moment), open + R"("error":"no \"key\""})");
}

struct row {
  int status;
  std::string_view openai_type, openai_code, anthropic_type;
};

constexpr row statuses[] = {
    {400, "invalid_request_error", "invalid_request", "invalid_request_error"},
    {401, "invalid_request_error", "invalid_api_key", "authentication_error"},
    {403, "invalid_request_error", "permission_denied", "permission_error"},
    {404, "invalid_request_error", "not_found", "not_found_error"},
    {408, "invalid_request_error", "timeout", "invalid_request_error"},
    {413, "invalid_request_error", "request_too_large", "request_too_large"},
    {415, "invalid_request_error", "unsupported_media_type", "invalid_request_error"},
    {429, "requests", "rate_limit_exceeded", "rate_limit_error"},
    {431, "invalid_request_error", "request_too_large", "invalid_request_error"},
    {502, "server_error", "bad_gateway", "api_error"},
    {503, "server_error", "service_unavailable", "overloaded_error"},
    {504, "server_error", "timeout", "timeout_error"},
    {505, "server_error", "server_error", "api_error"},
};

TEST(error_body, every_status_has_its_words) {
  for (const row& each : statuses) {
    const error what{.status = each.status, .message = "m"};
    const auto openai = boost::json::parse(error_body(dialect::openai, what, moment)).at("error");
    EXPECT_EQ(openai.at("type").as_string(), each.openai_type) << each.status;
    EXPECT_EQ(openai.at("code").as_string(), each.openai_code) << each.status;
    const auto anthropic = boost::json::parse(error_body(dialect::anthropic, what, moment));
    EXPECT_EQ(anthropic.at("error").at("type").as_string(), each.anthropic_type) << each.status;
    EXPECT_TRUE(anthropic.at("request_id").is_null());
  }
  const error with_code{.status = 404, .message = "m", .code = "model_not_found"};
  const auto openai = boost::json::parse(error_body(dialect::openai, with_code, moment));
  EXPECT_EQ(openai.at("error").at("code").as_string(), "model_not_found");
}

}  // namespace
}  // namespace frpx::llm
