#include "gateway/key_rules.hpp"

#include <algorithm>

#include "http/uri.hpp"

namespace frpx::gateway {
namespace {

using http::field;
using http::field_id;

constexpr refusal not_this_path{403, "This key may only ask models, by the paths that name one",
                                "path_not_allowed"};
constexpr refusal not_this_model{403, "This key may not use that model", "model_not_allowed"};

bool only_looks(const http::request_head& head) {
  return (head.method == "GET" || head.method == "HEAD") && !head.wants_websocket &&
         head.body.how == http::framing::kind::none && head.query.empty();
}

bool is_harmless(const http::request_head& head, const llm::api_match& api) {
  return (api.lists_models() && api.literal) || head.path == "/" || head.path == "/api/version";
}

std::string_view without_quotes(std::string_view text) {
  const bool quoted = text.size() >= 2 && text.starts_with('"') && text.ends_with('"');
  return quoted ? text.substr(1, text.size() - 2) : text;
}

std::string_view trimmed(std::string_view text) {
  while (text.starts_with(' ') || text.starts_with('\t')) text.remove_prefix(1);
  while (text.ends_with(' ') || text.ends_with('\t')) text.remove_suffix(1);
  return text;
}

// A media type (RFC 9110, 8.3) that every service reads as we do. A parameter that we do not know
// may mean anything.
bool is_json_in_utf8(std::string_view type) {
  const auto end = std::min(type.find(';'), type.size());
  if (!http::equals_ignoring_case(trimmed(type.substr(0, end)), "application/json")) return false;
  std::string_view parameter = trimmed(type.substr(end));
  if (parameter.empty() || parameter == ";") return true;
  parameter = trimmed(parameter.substr(1));
  constexpr std::string_view charset = "charset=";
  return http::equals_ignoring_case(parameter.substr(0, charset.size()), charset) &&
         http::equals_ignoring_case(without_quotes(parameter.substr(charset.size())), "utf-8");
}

// Without a type a service takes the body for JSON or for nothing.
bool is_of_other_type(const http::request_head& head) {
  const auto is_type = [](const field& each) { return each.id == field_id::content_type; };
  const auto* first = head.fields.find(field_id::content_type);
  return first != nullptr && (!is_json_in_utf8(first->value) ||
                              std::count_if(head.fields.begin(), head.fields.end(), is_type) > 1);
}

// However it is written; a query that cannot be decoded may say anything.
bool query_says(std::string_view query, std::string_view word) {
  if (query.empty()) return false;
  const auto decoded = http::percent_decode(query);
  return !decoded || std::search(decoded->begin(), decoded->end(), word.begin(), word.end(),
                                 [](char left, char right) {
                                   return http::equals_ignoring_case({&left, 1}, {&right, 1});
                                 }) != decoded->end();
}

refusal judge_for_models(const http::request_head& head, const llm::api_match& api,
                         const identity::key_facts& key, std::uint64_t most_body) {
  if (api.names_model() && !api.literal) return not_this_path;
  if (!api.names_model_in_body()) {
    if (!only_looks(head)) return not_this_path;
    if (!api.names_model()) return is_harmless(head, api) ? refusal{} : not_this_path;
    return key.may_use_model(api.model) ? refusal{} : not_this_model;
  }
  if (is_encoded(head)) return {415, "With this key the body must not be encoded", "encoded_body"};
  if (is_of_other_type(head)) {
    return {415, "With this key the body must be JSON in UTF-8: Content-Type: application/json",
            "unsupported_media_type"};
  }
  if (query_says(head.query, "model"))
    return {400, "The model belongs into the body", "model_in_query"};
  if (query_says(head.query, "_method"))
    return {400, "With this key the query must not name a method", "method_in_query"};
  if (head.body.length > most_body) return {413, {}, "request_too_large"};
  return {};
}

}  // namespace

bool is_encoded(const http::request_head& head) {
  return std::any_of(head.fields.begin(), head.fields.end(), [](const field& each) {
    return each.id == field_id::content_encoding &&
           !http::equals_ignoring_case(each.value, "identity");
  });
}

refusal judge_head(const http::request_head& head, const llm::api_match& api,
                   const identity::key_facts& key, std::uint64_t most_body) {
  if (!key.limits.clients.empty()) {
    for (const field& each : head.fields) {
      if (each.id == field_id::client_id && !key.may_use_client(each.value)) {
        return {403, "This key may not use that client", "client_not_allowed"};
      }
    }
  }
  if (key.limits.models.empty()) return {};
  return judge_for_models(head, api, key, most_body);
}

refusal judge_model(const http::model_finder& model, const identity::key_facts& key) {
  if (model.now() != http::model_finder::state::found) {
    return {400, "With this key the body must be JSON that names a model", "model_missing"};
  }
  if (model.names_more()) {
    return {400, "With this key the body must not name further models (`models`, `fallbacks`)",
            "models_not_allowed"};
  }
  if (model.ambiguous())
    return {400, "The body must name one model, once, as `model`", "model_ambiguous"};
  return key.may_use_model(model.name()) ? refusal{} : not_this_model;
}

}  // namespace frpx::gateway
