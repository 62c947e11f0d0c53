#include "host/models.hpp"

#include <algorithm>
#include <array>
#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>
#include <unordered_set>

#include "core/clock.hpp"
#include "core/names.hpp"

namespace frpx::host {
namespace {

namespace json = boost::json;

constexpr const char* explain(models_errc e) {
  switch (e) {
    case models_errc::not_json:
      return "the model listing is not JSON";
    case models_errc::no_list:
      return "the model listing has no list of models";
    case models_errc::too_large:
      return "the model listing is larger than 4 MiB";
  }
  return "unknown model listing error";
}

// A usable text, or the default.
std::string text_or(const json::object& entry, std::string_view name, std::string_view standard) {
  const json::value* value = entry.if_contains({name.data(), name.size()});
  if (value == nullptr || !value->is_string()) return std::string(standard);
  const json::string& text = value->get_string();
  if (!is_plain_text({text.data(), text.size()})) return std::string(standard);
  return {text.data(), text.size()};
}

bool has_text(const json::object& entry, std::string_view name) {
  const json::value* value = entry.if_contains({name.data(), name.size()});
  return value != nullptr && value->is_string() && !value->get_string().empty();
}

// Whole and not negative, or 0: the public server drops a client that sends anything else.
std::uint64_t time_or_zero(const json::object& entry) {
  const json::value* value = entry.if_contains("created");
  if (value == nullptr) return 0;
  error_code error;
  const auto time = value->to_number<std::uint64_t>(error);
  return error ? 0 : time;
}

std::size_t text_length(const model& m) {
  return m.id.size() + m.object.size() + m.owned_by.size() + m.digest.size() + m.format.size() +
         m.family.size() + m.parameter_size.size() + m.quantization_level.size();
}

// The array of that name; an Ollama without models writes null for it.
result<const json::array*> entries_of(const json::value& document, std::string_view name) {
  const json::object* listing = document.if_object();
  const json::value* data = listing == nullptr ? nullptr : listing->if_contains(name);
  if (data == nullptr) return models_errc::no_list;
  if (data->is_null()) return nullptr;
  if (!data->is_array()) return models_errc::no_list;
  return &data->get_array();
}

model openai_model(const json::object& entry) {
  return {text_or(entry, "id", ""), text_or(entry, "object", "model"), time_or_zero(entry),
          text_or(entry, "owned_by", "")};
}

// As Ollama itself makes an entry of /v1/models of it: the owner is the namespace.
model ollama_model(const json::object& entry) {
  model m;
  m.id = text_or(entry, "model", text_or(entry, "name", ""));
  std::string_view space(m.id);
  space = space.substr(0, space.find_last_of('/') + 1);  // with its slash, or empty
  if (!space.empty()) space.remove_suffix(1);
  space.remove_prefix(space.find_last_of('/') + 1);
  m.owned_by = space.empty() ? "library" : space;
  if (const auto changed = parse_rfc3339(text_or(entry, "modified_at", ""))) {
    const auto since = std::chrono::floor<std::chrono::seconds>(changed->time_since_epoch());
    m.created = static_cast<std::uint64_t>(std::max<std::int64_t>(since.count(), 0));
  }
  if (const json::value* size = entry.if_contains("size")) {
    error_code error;
    const auto bytes = size->to_number<std::uint64_t>(error);
    if (!error) m.size = bytes;
  }
  m.digest = text_or(entry, "digest", "");
  const json::value* details = entry.if_contains("details");
  if (details == nullptr || !details->is_object()) return m;
  m.format = text_or(details->get_object(), "format", "");
  m.family = text_or(details->get_object(), "family", "");
  m.parameter_size = text_or(details->get_object(), "parameter_size", "");
  m.quantization_level = text_or(details->get_object(), "quantization_level", "");
  return m;
}

result<model_list> parse(std::string_view body, std::string_view list,
                         model (*read)(const json::object&)) {
  if (body.size() > largest_listing) return models_errc::too_large;
  error_code error;
  const json::value document = json::parse({body.data(), body.size()}, error);
  if (error) return models_errc::not_json;
  const result<const json::array*> entries = entries_of(document, list);
  if (!entries) return entries.error();

  model_list all;
  if (*entries == nullptr) return all;
  std::unordered_set<std::string> seen;
  std::size_t length = 0;
  for (const json::value& value : **entries) {
    const json::object* entry = value.if_object();
    if (entry == nullptr) continue;
    model m = read(*entry);
    if (m.id.empty()) {
      const bool has_id = std::ranges::any_of(std::array{"id", "model", "name"},
                                              [&](const char* id) { return has_text(*entry, id); });
      all.left_out += has_id ? 1 : 0;
    } else if (seen.insert(m.id).second) {
      length += text_length(m);
      const bool fits = all.models.size() < most_models && length <= longest_listing_text;
      fits ? all.models.push_back(std::move(m)) : void(++all.left_out);
    }
  }
  return all;
}

}  // namespace

error_code make_error_code(models_errc e) {
  return error_of<models_errc, explain>("models", e);
}

result<model_list> parse_models(std::string_view body) {
  return parse(body, "data", openai_model);
}

result<model_list> parse_ollama_models(std::string_view body) {
  return parse(body, "models", ollama_model);
}

}  // namespace frpx::host
