#include "api/json_fields.hpp"

#include <boost/json/parse.hpp>

#include "core/duration.hpp"
#include "core/names.hpp"

namespace frpx::api {

namespace json = boost::json;

json_fields::json_fields(std::string_view body) {
  if (body.empty()) return;
  boost::system::error_code bad;
  json::value parsed = json::parse(body, bad);
  if (bad || !parsed.is_object()) {
    problem_ = "The body must be a JSON object";
  } else {
    left_ = std::move(parsed.as_object());
  }
}

std::optional<json::value> json_fields::take(std::string_view name) {
  auto* const found = left_.find(name);
  if (found == left_.end()) return std::nullopt;
  json::value value = std::move(found->value());
  left_.erase(found);
  return value;
}

std::nullopt_t json_fields::wrong(std::string_view name, std::string_view must_be) {
  if (!problem_) problem_ = "`" + std::string(name) + "` must be " + std::string(must_be);
  return std::nullopt;
}

std::optional<std::string> json_fields::text(std::string_view name) {
  const auto value = take(name);
  if (!value) return std::nullopt;
  if (!value->is_string()) return wrong(name, "a text");
  return std::string(value->as_string());
}

std::optional<std::uint32_t> json_fields::number(std::string_view name) {
  const auto value = take(name);
  if (!value) return std::nullopt;
  if (value->is_null()) return 0;
  boost::system::error_code bad;
  const auto number = value->is_number() ? value->to_number<std::uint32_t>(bad) : 0;
  if (!value->is_number() || bad) return wrong(name, "a whole number or null");
  return number;
}

std::optional<std::optional<std::uint32_t>> json_fields::number_or_null(std::string_view name) {
  const auto* const found = left_.if_contains(name);
  const bool is_null = found != nullptr && found->is_null();
  const auto value = number(name);
  if (!value) return std::nullopt;
  return is_null ? std::optional<std::uint32_t>() : value;
}

std::optional<std::chrono::seconds> json_fields::life(std::string_view name) {
  const auto value = take(name);
  if (!value) return std::nullopt;
  if (value->is_null()) return std::chrono::seconds(0);
  const auto parsed = value->is_string() ? parse_duration(value->as_string()) : std::nullopt;
  if (!parsed || *parsed < std::chrono::seconds(1)) {
    return wrong(name, "a duration like 30d, of a second at least, or null");
  }
  return std::chrono::floor<std::chrono::seconds>(*parsed);
}

std::optional<std::vector<std::string>> json_fields::names(std::string_view name) {
  const auto value = take(name);
  if (!value) return std::nullopt;
  std::vector<std::string> all;
  if (value->is_null()) return all;
  constexpr std::string_view must_be = "a list of texts or null";
  if (!value->is_array()) return wrong(name, must_be);
  for (const json::value& each : value->as_array()) {
    if (!each.is_string()) return wrong(name, must_be);
    all.emplace_back(each.as_string());
  }
  return all;
}

std::optional<std::string> json_fields::problem() const {
  if (problem_ || left_.empty()) return problem_;
  return "There is no member `" + shown(left_.begin()->key()) + "`";
}

}  // namespace frpx::api
