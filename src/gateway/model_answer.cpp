#include "gateway/model_answer.hpp"

#include <algorithm>
#include <vector>

#include "core/clock.hpp"
#include "core/json_writer.hpp"

namespace frpx::gateway {
namespace {

void write_openai(json_writer& json, const wire::model& one) {
  json.begin_object()
      .member("id", one.id)
      .member("object", "model")
      .member("created", one.created)
      .member("owned_by", one.owned_by)
      .end_object();
}

// All fields that Ollama itself writes: its Go client reads each with its type.
void write_ollama(json_writer& json, const wire::model& one) {
  const wall_time changed{
      std::chrono::seconds(std::min<std::uint64_t>(one.created, 9'000'000'000))};
  json.begin_object()
      .member("name", one.id)
      .member("model", one.id)
      .member("modified_at", to_rfc3339(changed))
      .member("size", one.size.value_or(0))
      .member("digest", one.digest)
      .key("details")
      .begin_object()
      .member("parent_model", "")
      .member("format", one.format)
      .member("family", one.family)
      .key("families");
  if (one.family.empty()) {
    json.null();
  } else {
    json.begin_array().value(one.family).end_array();
  }
  json.member("parameter_size", one.parameter_size)
      .member("quantization_level", one.quantization_level)
      .end_object()
      .end_object();
}

}  // namespace

std::string list_models(const tunnel::routing& of, llm::dialect form,
                        const std::function<bool(const tunnel::routed_model&)>& may_see) {
  std::vector<const wire::model*> all;
  all.reserve(of.by_model.size());
  for (const auto& [key, model] : of.by_model) {
    if (may_see(model)) all.push_back(&model.as_reported);
  }
  std::sort(all.begin(), all.end(),
            [](const auto* left, const auto* right) { return left->id < right->id; });
  std::string text;
  json_writer json(text);
  json.begin_object();
  const bool is_ollamas = form == llm::dialect::ollama;
  if (!is_ollamas) json.member("object", "list");
  json.key(is_ollamas ? "models" : "data").begin_array();
  for (const wire::model* each : all) {
    is_ollamas ? write_ollama(json, *each) : write_openai(json, *each);
  }
  json.end_array().end_object();
  return text;
}

}  // namespace frpx::gateway
