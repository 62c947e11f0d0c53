#include "gateway/sticky.hpp"

#include "balance/hash.hpp"
#include "core/names.hpp"

namespace frpx::gateway {
namespace {

// The value of a cookie (RFC 6265, 4.2.1), or empty.
std::string_view cookie_in(std::string_view pairs, std::string_view name) {
  while (!pairs.empty()) {
    auto pair = pairs.substr(0, pairs.find(';'));
    pairs.remove_prefix(std::min(pairs.size(), pair.size() + 1));
    while (pair.starts_with(' ')) pair.remove_prefix(1);
    if (pair.starts_with(name) && pair.substr(name.size()).starts_with('=')) {
      return pair.substr(name.size() + 1);
    }
  }
  return {};
}

}  // namespace

std::optional<sticky_rule> parse_sticky(std::string_view text) {
  using enum sticky_rule::by;
  if (text == "key") return sticky_rule{key, {}};
  if (text == "prompt") return sticky_rule{prompt, {}};
  const auto colon = text.find(':');
  const auto kind = text.substr(0, colon);
  if (colon == text.npos || !is_name(text.substr(colon + 1))) return std::nullopt;
  const std::string name(text.substr(colon + 1));
  if (kind == "header") return sticky_rule{header, name};
  if (kind == "cookie") return sticky_rule{cookie, name};
  return std::nullopt;
}

std::optional<std::uint64_t> sticks_to(const sticky_rule& rule, const http::request_head& head,
                                       std::string_view key) {
  std::string_view value;
  if (rule.what == sticky_rule::by::key) value = key;
  if (rule.what == sticky_rule::by::header) {
    if (const auto* field = head.fields.find(rule.name)) value = field->value;
  }
  if (rule.what == sticky_rule::by::cookie) {
    for (const http::field& each : head.fields) {
      if (each.id == http::field_id::cookie && value.empty()) {
        value = cookie_in(each.value, rule.name);
      }
    }
  }
  if (value.empty()) return std::nullopt;
  return balance::hash_of(value);
}

}  // namespace frpx::gateway
