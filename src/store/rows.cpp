#include "store/rows.hpp"

#include <algorithm>
#include <limits>

#include "core/names.hpp"

namespace frpx::store {
namespace {

constexpr std::size_t longest_hash = 256;
constexpr std::size_t longest_port_list = 1024;

bool is_name_or_empty(std::string_view text) {
  return text.empty() || is_name(text);
}

constexpr std::uint64_t largest_sum = std::numeric_limits<std::int64_t>::max();

void add(std::uint64_t& to, std::uint64_t more) {
  to = more > largest_sum - std::min(to, largest_sum) ? largest_sum : to + more;
}

bool are_models(const std::vector<std::string>& names) {
  return names.size() <= key_limits::longest_list &&
         std::all_of(names.begin(), names.end(), is_model_name);
}

bool are_clients(const std::vector<std::string>& names) {
  return names.size() <= key_limits::longest_list &&
         std::all_of(names.begin(), names.end(), is_name);
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

bool may_bring_clients(role value) {
  return value == role::client || value == role::admin;
}

std::string_view to_string(key_status value) {
  return value == key_status::active ? "active" : "revoked";
}

usage& usage::operator+=(const usage& more) {
  add(requests, more.requests);
  add(errors, more.errors);
  add(bytes_in, more.bytes_in);
  add(bytes_out, more.bytes_out);
  add(prompt_tokens, more.prompt_tokens);
  add(completion_tokens, more.completion_tokens);
  return *this;
}

std::string_view to_string(usage_by value) {
  switch (value) {
    case usage_by::key:
      return "key";
    case usage_by::client:
      return "client";
    case usage_by::model:
      return "model";
  }
  return "unknown";
}

std::optional<usage_by> parse_usage_by(std::string_view text) {
  for (const usage_by value : {usage_by::key, usage_by::client, usage_by::model}) {
    if (text == to_string(value)) return value;
  }
  return std::nullopt;
}

bool is_password_hash(std::string_view text) {
  return !text.empty() && text.size() <= longest_hash &&
         std::all_of(text.begin(), text.end(), [](char c) { return c > 0x20 && c < 0x7f; });
}

bool is_port_list(std::string_view text) {
  return text.size() <= longest_port_list && std::all_of(text.begin(), text.end(), [](char c) {
           return (c >= '0' && c <= '9') || c == ',' || c == '-';
         });
}

bool is_valid(const user& row) {
  return is_name(row.id) && is_plain_text(row.email) && is_password_hash(row.password_hash) &&
         is_port_list(row.ports);
}

bool is_valid(const api_key& row) {
  return is_name(row.id) && is_plain_text(row.name) && is_name_or_empty(row.owner) &&
         is_valid(row.limits);
}

bool is_valid(const token& row) {
  return is_name(row.id) && is_name(row.user_id) && is_name_or_empty(row.client_id);
}

bool is_valid(const client& row) {
  return is_name(row.id) && is_name(row.user_id);
}

bool is_valid(const asset& row) {
  return is_name(row.user_id) && is_name(row.machine_id) && is_plain_text(row.name);
}

bool is_valid(const usage_row& row) {
  return is_name(row.key) && is_name_or_empty(row.client) &&
         (row.model.empty() || is_plain_text(row.model)) &&
         row.hour == std::chrono::floor<std::chrono::hours>(row.hour);
}

bool is_valid(const audit_row& row) {
  return is_plain_text(row.who) && is_plain_text(row.from) && is_plain_text(row.action) &&
         (row.what.empty() || is_plain_text(row.what)) && is_plain_text(row.outcome);
}

bool is_valid(const key_limits& limits) {
  return limits.per_minute <= key_limits::largest && limits.at_once <= key_limits::largest &&
         are_models(limits.models) && are_clients(limits.clients);
}

bool is_valid(const key_change& change) {
  return change.per_minute.value_or(0) <= key_limits::largest &&
         change.at_once.value_or(0) <= key_limits::largest &&
         (!change.models || are_models(*change.models)) &&
         (!change.clients || are_clients(*change.clients));
}

bool is_model_name(std::string_view text) {
  return !text.empty() && text.size() <= longest_text &&
         std::all_of(text.begin(), text.end(),
                     [](char c) { return c > 0x20 && c < 0x7f && c != ','; });
}

std::string join_names(const std::vector<std::string>& names) {
  std::string text;
  for (const std::string& name : names) text += (text.empty() ? "" : ",") + name;
  return text;
}

std::vector<std::string> split_names(std::string_view text) {
  std::vector<std::string> names;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find(','), text.size());
    names.emplace_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return names;
}

}  // namespace frpx::store
