#include "identity/commands.hpp"

#include <algorithm>
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <map>
#include <tuple>
#include <vector>

#include "core/names.hpp"
#include "core/random.hpp"
#include "identity/api_keys.hpp"
#include "identity/command_text.hpp"
#include "identity/logins.hpp"
#include "identity/passwords.hpp"

namespace frpx::identity {
namespace {

namespace json = boost::json;

std::string user_called(std::string_view email) {
  return "user " + quoted(email);
}
std::string key_called(std::string_view name) {
  return "key " + quoted(name);
}

std::string state_of(const store::api_key& row) {
  if (row.status == store::key_status::active && row.expired) return "expired";
  return std::string(to_string(row.status));
}

// As a user's ports are given on the command line.
std::string ports_of(const std::string& kept) {
  return kept.empty() ? "any" : kept;
}

// How many outer ports, in a sentence: `up to 5`.
std::string most_of(const std::optional<std::uint32_t>& leases) {
  if (!leases) return "as many as --max-leases says";
  return *leases == 0 ? "any number" : "up to " + std::to_string(*leases);
}

json::object as_json(const store::user& row) {
  return {{"id", row.id},
          {"email", row.email},
          {"role", to_string(row.role)},
          {"ports", ports_of(row.ports)},
          {"leases", row.leases ? json::value(*row.leases) : json::value(nullptr)},
          {"created", to_rfc3339(row.created)}};
}

// A limit that is not set is null.
json::object as_json(const store::key_limits& limits) {
  const auto number = [](std::uint32_t limit) {
    return limit == 0 ? json::value(nullptr) : json::value(limit);
  };
  const auto list = [](const std::vector<std::string>& names) {
    return names.empty() ? json::value(nullptr)
                         : json::value(json::array(names.begin(), names.end()));
  };
  return {{"rpm", number(limits.per_minute)},
          {"max_inflight", number(limits.at_once)},
          {"models", list(limits.models)},
          {"clients", list(limits.clients)}};
}

// As they are given on the command line, without the hyphens.
std::string in_words(const store::key_limits& limits) {
  std::string text;
  const auto add = [&](std::string_view name, const std::string& value) {
    text.append(text.empty() ? "" : " ").append(name).append("=").append(value);
  };
  if (limits.per_minute != 0) add("rpm", std::to_string(limits.per_minute));
  if (limits.at_once != 0) add("max-inflight", std::to_string(limits.at_once));
  if (!limits.models.empty()) add("models", store::join_names(limits.models));
  if (!limits.clients.empty()) add("clients", store::join_names(limits.clients));
  return text.empty() ? "-" : text;
}

// A life of 0 has no end.
std::optional<wall_time> end_of(std::chrono::seconds life, wall_time now) {
  return life == life.zero() ? std::nullopt : std::optional(now + life);
}

std::string bounds_of_limits() {
  using store::key_limits;
  return "a key's limits are numbers up to " + std::to_string(key_limits::largest) +
         " and lists of up to " + std::to_string(key_limits::longest_list) +
         " names: models without spaces, clients by their ids";
}

}  // namespace

outcome user_add(store::store& store, std::string_view email, const secret& password,
                 store::role role, form as, wall_time now, const std::string& ports) {
  const std::string name = normal_email(email);
  if (!is_plain_text(name)) return refused(as, "that is no e-mail address");
  auto hash = hash_password(password);
  if (!hash) return refused(as, hash.error().message());
  const store::user row{.id = random_hex(8),
                        .email = name,
                        .password_hash = std::move(*hash),
                        .role = role,
                        .created = now,
                        .ports = ports};
  const auto added = store.add_user(row);
  if (!added) return failed(as, user_called(name), added.error());
  return done(as, "added " + user_called(name),
              json::object{{"id", row.id}, {"email", name}, {"role", to_string(role)}});
}

outcome user_list(store::store& store, form as) {
  const auto rows = all_rows(store, &store::store::list_users, &store::user::created);
  if (!rows) return failed(as, "list of users", rows.error());
  json::array array;
  std::vector<std::vector<std::string>> table{{"ID", "E-MAIL", "ROLE", "PORTS", "CREATED"}};
  for (const store::user& row : *rows) {
    array.push_back(as_json(row));
    table.push_back({row.id, row.email, std::string(to_string(row.role)), ports_of(row.ports),
                     time_or_dash(row.created)});
  }
  if (as == form::json) return done(as, {}, array);
  return {0, as_table(table), {}};
}

outcome user_show(store::store& store, std::string_view email, form as) {
  const std::string name = normal_email(email);
  const auto row = store.find_user(name);
  if (!row) return failed(as, user_called(name), row.error());
  return done(as,
              user_called(name) + " is " + std::string(to_string(row->role)) +
                  " and may have the outer ports " + ports_of(row->ports) + ", at once " +
                  most_of(row->leases),
              as_json(*row));
}

outcome user_remove(store::store& store, std::string_view email, form as) {
  const std::string name = normal_email(email);
  const auto removed = store.remove_user(name);
  if (!removed) return failed(as, user_called(name), removed.error());
  return done(as, "removed " + user_called(name), json::object{{"email", name}});
}

outcome user_passwd(store::store& store, std::string_view email, const secret& password, form as) {
  const std::string name = normal_email(email);
  const auto hash = hash_password(password);
  if (!hash) return refused(as, hash.error().message());
  const auto changed = store.set_password(name, *hash);
  if (!changed) return failed(as, user_called(name), changed.error());
  return done(as, "changed the password of " + user_called(name), json::object{{"email", name}});
}

outcome user_role(store::store& store, std::string_view email, store::role role, form as) {
  const std::string name = normal_email(email);
  const auto changed = store.set_role(name, role);
  if (!changed) return failed(as, user_called(name), changed.error());
  return done(as, user_called(name) + " is " + std::string(to_string(role)),
              json::object{{"email", name}, {"role", to_string(role)}});
}

outcome user_ports(store::store& store, std::string_view email, const std::string& ports, form as) {
  const std::string name = normal_email(email);
  const auto changed = store.set_ports(name, ports);
  if (!changed) return failed(as, user_called(name), changed.error());
  return done(as, user_called(name) + " may have the outer ports " + ports_of(ports),
              json::object{{"email", name}, {"ports", ports_of(ports)}});
}

outcome user_leases(store::store& store, std::string_view email, std::optional<std::uint32_t> most,
                    form as) {
  const std::string name = normal_email(email);
  const auto changed = store.set_leases(name, most);
  if (!changed) return failed(as, user_called(name), changed.error());
  return done(
      as, user_called(name) + " may have outer ports at once: " + most_of(most),
      json::object{{"email", name}, {"leases", most ? json::value(*most) : json::value(nullptr)}});
}

outcome key_add(store::store& store, std::string_view name, std::string_view owner_email,
                std::optional<std::chrono::seconds> life, form as, wall_time now,
                const store::key_limits& limits) {
  if (!is_plain_text(name)) {
    return refused(as, "a key's name has 1 to 256 bytes and no control characters");
  }
  if (!store::is_valid(limits)) return refused(as, bounds_of_limits());
  std::string owner;
  if (!owner_email.empty()) {
    const std::string email = normal_email(owner_email);
    const auto user = store.find_user(email);
    if (!user) return failed(as, user_called(email), user.error());
    owner = user->id;
  }
  const auto expires = end_of(life.value_or(std::chrono::seconds(0)), now);
  new_key made = make_key(std::string(name), owner, expires, now);
  made.row.limits = limits;
  const auto added = store.add_key(made.row);
  if (!added) return failed(as, key_called(name), added.error());
  json::object answer{{"id", made.row.id}, {"key", made.text.reveal()}, {"name", made.row.name}};
  if (expires) answer.emplace("expires", to_rfc3339(*expires));
  outcome out = done(as, made.text.reveal(), answer);
  // Standard output holds the key alone, so that a script can take it.
  if (as == form::lines) {
    out.err = "added " + key_called(name) + " with id " + made.row.id +
              "; keep it now, it is not shown again\n";
  }
  return out;
}

outcome key_list(store::store& store, form as) {
  const auto rows = all_rows(store, &store::store::list_keys, &store::api_key::created);
  if (!rows) return failed(as, "list of keys", rows.error());
  json::array array;
  std::vector<std::vector<std::string>> table{
      {"ID", "STATUS", "CREATED", "EXPIRES", "LAST USED", "LIMITS", "NAME"}};
  for (const store::api_key& row : *rows) {
    array.push_back(
        json::object{{"id", row.id},
                     {"name", row.name},
                     {"owner", row.owner.empty() ? json::value(nullptr) : json::value(row.owner)},
                     {"status", state_of(row)},
                     {"created", to_rfc3339(row.created)},
                     {"expires", time_or_null(row.expires)},
                     {"last_used", time_or_null(row.last_used)},
                     {"limits", as_json(row.limits)}});
    table.push_back({row.id, state_of(row), time_or_dash(row.created), time_or_dash(row.expires),
                     time_or_dash(row.last_used), in_words(row.limits), row.name});
  }
  if (as == form::json) return done(as, {}, array);
  return {0, as_table(table), {}};
}

outcome key_set(store::store& store, std::string_view id_or_name,
                std::optional<std::chrono::seconds> life, form as, wall_time now,
                store::key_change change) {
  if (!store::is_valid(change)) return refused(as, bounds_of_limits());
  if (life) change.expires = end_of(*life, now);
  const auto row = store.change_key(id_or_name, change);
  if (!row) return failed(as, key_called(id_or_name), row.error());
  return done(as,
              key_called(row->name) + " with id " + row->id + " has the limits: " +
                  in_words(row->limits) + "; expires: " + time_or_dash(row->expires),
              json::object{{"id", row->id},
                           {"name", row->name},
                           {"expires", time_or_null(row->expires)},
                           {"limits", as_json(row->limits)}});
}

outcome key_revoke(store::store& store, std::string_view id_or_name, form as) {
  const auto row = store.revoke_key(id_or_name);
  if (!row) return failed(as, key_called(id_or_name), row.error());
  return done(as, "revoked " + key_called(row->name) + " with id " + row->id,
              json::object{{"id", row->id}, {"name", row->name}, {"status", state_of(*row)}});
}

outcome key_migrate(store::store& store, form as) {
  const auto count = store.hash_plain_keys();
  if (!count) return failed(as, "keys", count.error());
  return done(as, "hashed " + std::to_string(*count) + " plain keys",
              json::object{{"hashed", *count}});
}

outcome usage_list(store::store& store, store::usage_by by, wall_time from, wall_time to, form as) {
  const auto sums = store.sum_usage(by, from, to);
  if (!sums) return failed(as, "usage", sums.error());
  const bool by_key = by == store::usage_by::key;
  std::map<std::string, std::string> names;
  if (by_key) {
    const auto keys = all_rows(store, &store::store::list_keys, &store::api_key::created);
    if (!keys) return failed(as, "list of keys", keys.error());
    for (const store::api_key& row : *keys) names.emplace(row.id, row.name);
  }
  json::array array;
  std::vector<std::vector<std::string>> table{{"REQUESTS", "ERRORS", "BYTES IN", "BYTES OUT",
                                               "PROMPT TOKENS", "COMPLETION TOKENS",
                                               by_key                          ? "KEY"
                                               : by == store::usage_by::client ? "CLIENT"
                                                                               : "MODEL"}};
  for (const auto& [id, of] : *sums) {
    json::object row{{to_string(by), id},
                     {"requests", of.requests},
                     {"errors", of.errors},
                     {"bytes_in", of.bytes_in},
                     {"bytes_out", of.bytes_out},
                     {"prompt_tokens", of.prompt_tokens},
                     {"completion_tokens", of.completion_tokens}};
    std::vector<std::string> line;
    for (const std::uint64_t each : {of.requests, of.errors, of.bytes_in, of.bytes_out,
                                     of.prompt_tokens, of.completion_tokens}) {
      line.push_back(std::to_string(each));
    }
    line.push_back(id.empty() ? "-" : id);
    const auto named = names.find(id);
    if (by_key)
      row.emplace("name", named == names.end() ? json::value() : json::value(named->second));
    if (named != names.end()) line.back() += " " + named->second;
    array.push_back(std::move(row));
    table.push_back(std::move(line));
  }
  if (as == form::json) return done(as, {}, array);
  return {0, as_table(table), {}};
}

outcome db_status(store::store& store, form as) {
  const auto all = store.describe();
  if (!all) return failed(as, "database", all.error());
  const json::object value{{"kind", store.kind()},          {"schema", all->schema},
                           {"users", all->users},           {"keys", all->keys},
                           {"plain_keys", all->plain_keys}, {"tokens", all->tokens},
                           {"machines", all->assets}};
  if (as == form::json) return done(as, {}, value);
  std::vector<std::vector<std::string>> table;
  for (const auto& [name, each] : value) {
    table.push_back({std::string(name) + ":",
                     each.is_string() ? std::string(each.as_string()) : json::serialize(each)});
  }
  return {0, as_table(table), {}};
}

}  // namespace frpx::identity
