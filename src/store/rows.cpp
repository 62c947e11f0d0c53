#include "store/rows.hpp"

#include <algorithm>

#include "core/names.hpp"

namespace frpx::store {
namespace {

constexpr std::size_t longest_hash = 256;

bool is_name_or_empty(std::string_view text) {
  return text.empty() || is_name(text);
}

}  // namespace

std::string_view to_string(role value) {
  switch (value) {
    case role::client:
      return "client";
    case role::viewer:
      return "viewer";
    case role::admin:
      return "admin";
  }
  return "unknown";
}

std::optional<role> parse_role(std::string_view text) {
  for (const role value : {role::client, role::viewer, role::admin}) {
    if (text == to_string(value)) return value;
  }
  return std::nullopt;
}

std::string_view to_string(key_status value) {
  return value == key_status::active ? "active" : "revoked";
}

bool is_password_hash(std::string_view text) {
  return !text.empty() && text.size() <= longest_hash &&
         std::all_of(text.begin(), text.end(), [](char c) { return c > 0x20 && c < 0x7f; });
}

bool is_valid(const user& row) {
  return is_name(row.id) && is_plain_text(row.email) && is_password_hash(row.password_hash);
}

bool is_valid(const api_key& row) {
  return is_name(row.id) && is_plain_text(row.name) && is_name_or_empty(row.owner);
}

bool is_valid(const token& row) {
  return is_name(row.id) && is_name(row.user_id) && is_name_or_empty(row.client_id);
}

bool is_valid(const asset& row) {
  return is_name(row.user_id) && is_name(row.machine_id) && is_plain_text(row.name);
}

}  // namespace frpx::store
