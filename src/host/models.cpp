#include "host/models.hpp"

#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>
#include <unordered_set>

#include "core/names.hpp"

namespace frpx::host {
namespace {

namespace json = boost::json;

constexpr const char* explain(models_errc e) {
  switch (e) {
    case models_errc::not_json:
      return "the model listing is not JSON";
    case models_errc::no_list:
      return "the model listing has no array \"data\"";
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

// Whole and not negative, or 0: the public server drops a client that sends anything else.
std::uint64_t time_or_zero(const json::object& entry) {
  const json::value* value = entry.if_contains("created");
  if (value == nullptr) return 0;
  error_code error;
  const auto time = value->to_number<std::uint64_t>(error);
  return error ? 0 : time;
}

std::size_t text_length(const model& m) {
  return m.id.size() + m.object.size() + m.owned_by.size();
}

// The array `data`; an Ollama without models writes null for it.
result<const json::array*> entries_of(const json::value& document) {
  const json::object* listing = document.if_object();
  const json::value* data = listing == nullptr ? nullptr : listing->if_contains("data");
  if (data == nullptr) return models_errc::no_list;
  if (data->is_null()) return nullptr;
  if (!data->is_array()) return models_errc::no_list;
  return &data->get_array();
}

}  // namespace

error_code make_error_code(models_errc e) {
  return error_of<models_errc, explain>("models", e);
}

result<std::vector<model>> parse_models(std::string_view body) {
  if (body.size() > largest_listing) return models_errc::too_large;
  error_code error;
  const json::value document = json::parse({body.data(), body.size()}, error);
  if (error) return models_errc::not_json;
  const result<const json::array*> entries = entries_of(document);
  if (!entries) return entries.error();

  std::vector<model> models;
  if (*entries == nullptr) return models;
  std::unordered_set<std::string> seen;
  std::size_t length = 0;
  for (const json::value& value : **entries) {
    const json::object* entry = value.if_object();
    if (entry == nullptr) continue;
    model m{text_or(*entry, "id", ""), text_or(*entry, "object", "model"), time_or_zero(*entry),
            text_or(*entry, "owned_by", "")};
    if (m.id.empty() || seen.contains(m.id)) continue;
    length += text_length(m);
    if (models.size() == most_models || length > longest_listing_text) break;
    seen.insert(m.id);
    models.push_back(std::move(m));
  }
  return models;
}

}  // namespace frpx::host
