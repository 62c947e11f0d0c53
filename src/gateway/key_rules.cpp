#include "gateway/key_rules.hpp"

#include <algorithm>
#include <array>

#include "http/uri.hpp"

namespace frpx::gateway {
namespace {

using http::field;
using http::field_id;

constexpr std::array<std::string_view, 4> harmless_paths = {"/", "/v1/models", "/api/tags",
                                                            "/api/version"};

bool looks_harmlessly(const http::request_head& head) {
  return (head.method == "GET" || head.method == "HEAD") && !head.wants_websocket &&
         head.body.how == http::framing::kind::none && head.query.empty() &&
         std::find(harmless_paths.begin(), harmless_paths.end(), head.path) != harmless_paths.end();
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

refusal judge_for_models(const http::request_head& head, bool names_model) {
  if (!names_model) {
    if (looks_harmlessly(head)) return {};
    return {403, "This key may only ask models, by the paths that name one", "path_not_allowed"};
  }
  if (is_encoded(head)) return {415, "With this key the body must not be encoded", "encoded_body"};
  if (query_speaks_of_model(head.query))
    return {400, "The model belongs into the body", "model_in_query"};
  if (head.body.length > most_judged_body) return {413, {}, "request_too_large"};
  return {};
}

}  // namespace

refusal judge_head(const http::request_head& head, bool names_model,
                   const identity::key_facts& key) {
  if (!key.limits.clients.empty()) {
    for (const field& each : head.fields) {
      if (each.id == field_id::client_id && !key.may_use_client(each.value)) {
        return {403, "This key may not use that client", "client_not_allowed"};
      }
    }
  }
  if (key.limits.models.empty()) return {};
  return judge_for_models(head, names_model);
}

refusal judge_model(const http::model_finder& model, const identity::key_facts& key) {
  if (model.now() != http::model_finder::state::found) {
    return {400, "With this key the body must be JSON that names a model", "model_missing"};
  }
  if (model.ambiguous())
    return {400, "The body must name one model, once, as `model`", "model_ambiguous"};
  if (!key.may_use_model(model.name()))
    return {403, "This key may not use that model", "model_not_allowed"};
  return {};
}

}  // namespace frpx::gateway
