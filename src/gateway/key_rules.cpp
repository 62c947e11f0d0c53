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

bool is_encoded(const http::request_head& head) {
  return std::any_of(head.fields.begin(), head.fields.end(), [](const field& each) {
    return each.id == field_id::content_encoding &&
           !http::equals_ignoring_case(each.value, "identity");
  });
}

// However it is written; a query that cannot be decoded may say anything.
bool query_speaks_of_model(std::string_view query) {
  if (query.empty()) return false;
  const auto decoded = http::percent_decode(query);
  constexpr std::string_view model = "model";
  return !decoded || std::search(decoded->begin(), decoded->end(), model.begin(), model.end(),
                                 [](char left, char right) {
                                   return http::equals_ignoring_case({&left, 1}, {&right, 1});
                                 }) != decoded->end();
}

refusal judge_for_models(const http::request_head& head, const llm::api_match& api,
                         const identity::key_facts& key) {
  if (api.names_model() && !api.literal) return not_this_path;
  if (!api.names_model_in_body()) {
    if (!only_looks(head)) return not_this_path;
    if (!api.names_model()) return is_harmless(head, api) ? refusal{} : not_this_path;
    return key.may_use_model(api.model) ? refusal{} : not_this_model;
  }
  if (is_encoded(head)) return {415, "With this key the body must not be encoded", "encoded_body"};
  if (query_speaks_of_model(head.query))
    return {400, "The model belongs into the body", "model_in_query"};
  if (head.body.length > most_judged_body) return {413, {}, "request_too_large"};
  return {};
}

}  // namespace

refusal judge_head(const http::request_head& head, const llm::api_match& api,
                   const identity::key_facts& key) {
  if (!key.limits.clients.empty()) {
    for (const field& each : head.fields) {
      if (each.id == field_id::client_id && !key.may_use_client(each.value)) {
        return {403, "This key may not use that client", "client_not_allowed"};
      }
    }
  }
  if (key.limits.models.empty()) return {};
  return judge_for_models(head, api, key);
}

refusal judge_model(const http::model_finder& model, const identity::key_facts& key) {
  if (model.now() != http::model_finder::state::found) {
    return {400, "With this key the body must be JSON that names a model", "model_missing"};
  }
  if (model.ambiguous())
    return {400, "The body must name one model, once, as `model`", "model_ambiguous"};
  return key.may_use_model(model.name()) ? refusal{} : not_this_model;
}

}  // namespace frpx::gateway
