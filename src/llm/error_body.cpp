#include "llm/error_body.hpp"

#include "core/json_writer.hpp"

namespace frpx::llm {
namespace {

// https://platform.openai.com/docs/guides/error-codes
std::string_view openai_type(int status) {
  if (status == 429) return "requests";
  return status >= 500 ? "server_error" : "invalid_request_error";
}

std::string_view openai_code(int status) {
  switch (status) {
    case 401:
      return "invalid_api_key";
    case 403:
      return "permission_denied";
    case 404:
      return "not_found";
    case 408:
    case 504:
      return "timeout";
    case 413:
    case 414:
    case 431:
      return "request_too_large";
    case 415:
      return "unsupported_media_type";
    case 429:
      return "rate_limit_exceeded";
    case 502:
      return "bad_gateway";
    case 503:
      return "service_unavailable";
    default:
      return status >= 500 ? "server_error" : "invalid_request";
  }
}

// https://docs.anthropic.com/en/api/errors
std::string_view anthropic_type(int status) {
  switch (status) {
    case 401:
      return "authentication_error";
    case 403:
      return "permission_error";
    case 404:
      return "not_found_error";
    case 413:
      return "request_too_large";
    case 429:
      return "rate_limit_error";
    case 503:
      return "overloaded_error";
    case 504:
      return "timeout_error";
    default:
      return status >= 500 ? "api_error" : "invalid_request_error";
  }
}

void write_openai(json_writer& json, const error& what) {
  json.key("error")
      .begin_object()
      .member("message", what.message)
      .member("type", openai_type(what.status))
      .key("param")
      .null()
      .member("code", what.code.empty() ? openai_code(what.status) : what.code)
      .end_object();
}

void write_anthropic(json_writer& json, const error& what) {
  json.member("type", "error")
      .key("error")
      .begin_object()
      .member("type", anthropic_type(what.status))
      .member("message", what.message)
      .end_object()
      .key("request_id");
  what.request_id.empty() ? json.null() : json.value(what.request_id);
}

}  // namespace

std::string error_body(dialect speaks, const error& what, wall_time now) {
  std::string text;
  json_writer json(text);
  json.begin_object()
      .member("success", false)
      .key("data")
      .null()
      .member("message", what.message)
      .member("timestamp", to_rfc3339(now));
  if (speaks == dialect::openai) write_openai(json, what);
  if (speaks == dialect::anthropic) write_anthropic(json, what);
  if (speaks == dialect::ollama) json.member("error", what.message);
  json.end_object();
  return text;
}

}  // namespace frpx::llm
