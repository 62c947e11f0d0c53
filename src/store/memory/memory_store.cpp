#include "store/memory/memory_store.hpp"

#include <algorithm>

#include "core/names.hpp"
#include "store/memory/rows.hpp"

namespace frpx::store {
namespace {

api_key judged(api_key row) {
  row.expired = row.expires && *row.expires <= wall_clock::now();
  return row;
}

template <class Rows>
void note_uses(Rows& rows, std::span<const use> uses) {
  for (const use& u : uses) {
    const auto at = rows.find(u.id);
    if (at == rows.end()) continue;
    auto& known = at->second.last_used;
    if (!known || *known < u.when) known = whole(u.when);
  }
}

}  // namespace

std::string memory_store::scope() const {
  return "memory|" + std::to_string(reinterpret_cast<std::uintptr_t>(this));
}

// --- users

user* memory_store::user_of(std::string_view email) {
  const auto id = user_ids_.find(email);
  return id == user_ids_.end() ? nullptr : &users_.find(id->second)->second;
}

result<void> memory_store::add_user(const user& row) {
  if (!is_valid(row)) return errc::bad_value;
  const std::scoped_lock lock(mutex_);
  if (users_.contains(row.id) || user_ids_.contains(row.email)) return errc::already_exists;
  if (users_.size() >= longest_table) return errc::full;
  user kept = row;
  kept.created = whole(row.created);
  user_ids_.emplace(row.email, row.id);
  users_.emplace(row.id, std::move(kept));
  ++changes_;
  return {};
}

result<user> memory_store::find_user(std::string_view email) {
  const std::scoped_lock lock(mutex_);
  const user* found = user_of(email);
  if (!found) return errc::not_found;
  return *found;
}

result<user> memory_store::find_user_by_id(std::string_view id) {
  const std::scoped_lock lock(mutex_);
  const auto found = users_.find(id);
  if (found == users_.end()) return errc::not_found;
  return found->second;
}

result<std::vector<user>> memory_store::list_users(const page& which) {
  const std::scoped_lock lock(mutex_);
  return page_of(users_, which.after, which.limit);
}

result<std::vector<user>> memory_store::find_users(const std::vector<std::string>& ids) {
  const std::scoped_lock lock(mutex_);
  std::vector<user> found;
  for (const std::string& id : ids) {
    if (const auto at = users_.find(id); at != users_.end()) found.push_back(at->second);
  }
  return found;
}

void memory_store::revoke_tokens_of(std::string_view user_id) {
  for (auto& [id, row] : tokens_) row.revoked |= row.user_id == user_id;
}

result<void> memory_store::set_password(std::string_view email, const std::string& password_hash) {
  if (!is_password_hash(password_hash)) return errc::bad_value;
  const std::scoped_lock lock(mutex_);
  user* found = user_of(email);
  if (!found) return errc::not_found;
  found->password_hash = password_hash;
  revoke_tokens_of(found->id);
  ++changes_;
  return {};
}

result<void> memory_store::set_role(std::string_view email, role value) {
  const std::scoped_lock lock(mutex_);
  user* found = user_of(email);
  if (!found) return errc::not_found;
  found->role = value;
  if (!may_bring_clients(value)) revoke_tokens_of(found->id);
  ++changes_;
  return {};
}

result<void> memory_store::set_ports(std::string_view email, const std::string& ports) {
  if (!is_port_list(ports)) return errc::bad_value;
  const std::scoped_lock lock(mutex_);
  user* found = user_of(email);
  if (!found) return errc::not_found;
  found->ports = ports;
  ++changes_;
  return {};
}

result<void> memory_store::set_leases(std::string_view email, std::optional<std::uint32_t> most) {
  const std::scoped_lock lock(mutex_);
  user* found = user_of(email);
  if (!found) return errc::not_found;
  found->leases = most;
  ++changes_;
  return {};
}

result<void> memory_store::remove_user(std::string_view email) {
  const std::scoped_lock lock(mutex_);
  const user* found = user_of(email);
  if (!found) return errc::not_found;
  const std::string id = found->id;
  for (auto& [key_id, key] : keys_) {
    if (key.owner == id) key.status = key_status::revoked;
  }
  std::erase_if(tokens_, [&](const auto& row) { return row.second.user_id == id; });
  std::erase_if(assets_, [&](const auto& row) { return row.first.first == id; });
  std::erase_if(clients_, [&](const auto& row) { return row.second.user_id == id; });
  user_ids_.erase(found->email);
  users_.erase(id);
  ++changes_;
  return {};
}

// --- keys

result<void> memory_store::add_key(const api_key& row) {
  if (!is_valid(row)) return errc::bad_value;
  const std::scoped_lock lock(mutex_);
  const bool name_taken =
      row.status == key_status::active &&
      std::any_of(keys_.begin(), keys_.end(), [&](const auto& other) {
        return other.second.name == row.name && other.second.status == key_status::active;
      });
  if (name_taken || keys_.contains(row.id) || key_ids_.contains(row.hash)) {
    return errc::already_exists;
  }
  if (keys_.size() >= longest_table) return errc::full;
  api_key kept = row;
  kept.created = whole(row.created);
  kept.expires = whole(row.expires);
  kept.last_used = whole(row.last_used);
  kept.expired = false;
  key_ids_.emplace(row.hash, row.id);
  keys_.emplace(row.id, std::move(kept));
  ++changes_;
  return {};
}

result<api_key> memory_store::find_key(const secret& text) {
  const digest hash = sha256(text.reveal());
  const std::scoped_lock lock(mutex_);
  const auto id = key_ids_.find(hash);
  if (id == key_ids_.end()) return errc::not_found;
  return judged(keys_.find(id->second)->second);
}

result<std::vector<api_key>> memory_store::list_keys(const page& which) {
  const std::scoped_lock lock(mutex_);
  auto rows = page_of(keys_, which.after, which.limit);
  for (api_key& row : rows) row = judged(std::move(row));
  return rows;
}

api_key* memory_store::key_called(std::string_view id_or_name) {
  auto found = keys_.find(id_or_name);
  if (found == keys_.end()) {
    found = std::find_if(keys_.begin(), keys_.end(), [&](const auto& row) {
      return row.second.name == id_or_name && row.second.status == key_status::active;
    });
  }
  return found == keys_.end() ? nullptr : &found->second;
}

result<api_key> memory_store::revoke_key(std::string_view id_or_name) {
  const std::scoped_lock lock(mutex_);
  api_key* found = key_called(id_or_name);
  if (!found) return errc::not_found;
  if (found->status == key_status::active) {
    found->status = key_status::revoked;
    ++changes_;
  }
  return judged(*found);
}

result<api_key> memory_store::change_key(std::string_view id_or_name, const key_change& change) {
  if (!is_valid(change)) return errc::bad_value;
  const std::scoped_lock lock(mutex_);
  api_key* found = key_called(id_or_name);
  if (!found) return errc::not_found;
  key_limits& limits = found->limits;
  limits.per_minute = change.per_minute.value_or(limits.per_minute);
  limits.at_once = change.at_once.value_or(limits.at_once);
  if (change.models) limits.models = *change.models;
  if (change.clients) limits.clients = *change.clients;
  if (change.expires) found->expires = whole(*change.expires);
  ++changes_;
  return judged(*found);
}

result<void> memory_store::touch_keys(std::span<const use> uses) {
  const std::scoped_lock lock(mutex_);
  note_uses(keys_, uses);
  return {};
}

result<std::vector<valid_key>> memory_store::valid_keys(const std::vector<std::string>& ids) {
  const std::scoped_lock lock(mutex_);
  std::vector<valid_key> valid;
  for (const std::string& id : ids) {
    const auto found = keys_.find(id);
    if (found == keys_.end() || found->second.status != key_status::active) continue;
    if (judged(found->second).expired) continue;
    valid.push_back({id, found->second.limits, found->second.expires});
  }
  return valid;
}

// --- tokens

result<void> memory_store::add_token(const token& row) {
  if (!is_valid(row)) return errc::bad_value;
  const std::scoped_lock lock(mutex_);
  if (!users_.contains(row.user_id)) return errc::not_found;
  if (tokens_.contains(row.id)) return errc::already_exists;
  if (tokens_.size() >= longest_table) return errc::full;
  token kept = row;
  kept.issued = whole(row.issued);
  kept.expires = whole(row.expires);
  kept.last_used = whole(row.last_used);
  tokens_.emplace(row.id, std::move(kept));
  drop_oldest_tokens(row.user_id);
  return {};
}

void memory_store::drop_oldest_tokens(std::string_view user_id) {
  std::vector<std::pair<wall_time, std::string>> ages;
  for (const auto& [id, row] : tokens_) {
    if (row.user_id == user_id) ages.emplace_back(row.issued, id);
  }
  if (ages.size() <= tokens_per_user) return;
  std::sort(ages.begin(), ages.end());
  ages.resize(ages.size() - tokens_per_user);
  for (const auto& [issued, id] : ages) tokens_.erase(id);
}

result<token> memory_store::find_token(std::string_view id) {
  const std::scoped_lock lock(mutex_);
  const auto found = tokens_.find(id);
  if (found == tokens_.end()) return errc::not_found;
  return found->second;
}

result<std::vector<token>> memory_store::list_tokens(const page& which) {
  const std::scoped_lock lock(mutex_);
  return page_of(tokens_, which.after, which.limit);
}

result<void> memory_store::set_token_client(std::string_view id, std::string_view client_id) {
  if (!is_name(client_id)) return errc::bad_value;
  const std::scoped_lock lock(mutex_);
  const auto found = tokens_.find(id);
  if (found == tokens_.end()) return errc::not_found;
  found->second.client_id = client_id;
  return {};
}

result<token> memory_store::revoke_token(std::string_view id) {
  const std::scoped_lock lock(mutex_);
  const auto found = tokens_.find(id);
  if (found == tokens_.end()) return errc::not_found;
  if (!found->second.revoked) {
    found->second.revoked = true;
    ++changes_;
  }
  return found->second;
}

result<void> memory_store::touch_tokens(std::span<const use> uses) {
  const std::scoped_lock lock(mutex_);
  note_uses(tokens_, uses);
  return {};
}

result<std::vector<std::string>> memory_store::valid_tokens(const std::vector<std::string>& ids) {
  const std::scoped_lock lock(mutex_);
  std::vector<std::string> valid;
  for (const std::string& id : ids) {
    const auto found = tokens_.find(id);
    if (found != tokens_.end() && !found->second.revoked) valid.push_back(id);
  }
  return valid;
}

result<std::size_t> memory_store::remove_tokens_expired_before(wall_time when) {
  const std::scoped_lock lock(mutex_);
  const auto removed =
      std::erase_if(tokens_, [&](const auto& row) { return row.second.expires < when; });
  if (removed > 0) ++changes_;
  return removed;
}

// --- usage

result<void> memory_store::add_usage(std::string_view batch, std::span<const usage_row> rows) {
  if (!is_name(batch) ||
      !std::all_of(rows.begin(), rows.end(), [](const usage_row& row) { return is_valid(row); })) {
    return errc::bad_value;
  }
  const std::scoped_lock lock(mutex_);
  const wall_time now = wall_clock::now();
  std::erase_if(batches_, [&](const auto& each) { return each.second < now - batch_memory; });
  if (batches_.contains(batch)) return {};
  if (usage_.size() + rows.size() > longest_table) return errc::full;
  batches_.emplace(batch, now);
  for (const usage_row& row : rows) usage_for(row) += row.of;
  return {};
}

// The row that this is added to.
usage& memory_store::usage_for(const usage_row& added) {
  const auto same = usage_.find({added.hour, added.key, added.client, added.model});
  if (same != usage_.end()) return same->second;
  const auto first = usage_.lower_bound({added.hour, added.key, {}, {}});
  std::size_t rows = 0;
  for (auto at = first; at != usage_.end() && rows < usage_rows_per_hour; ++at, ++rows) {
    if (std::get<0>(at->first) != added.hour || std::get<1>(at->first) != added.key) break;
  }
  const std::string other(other_usage);
  return rows < usage_rows_per_hour ? usage_[{added.hour, added.key, added.client, added.model}]
                                    : usage_[{added.hour, added.key, other, other}];
}

result<std::vector<usage_sum>> memory_store::sum_usage(usage_by by, wall_time from, wall_time to) {
  const std::scoped_lock lock(mutex_);
  table<usage> sums;
  for (auto at = usage_.lower_bound({from, {}, {}, {}}); at != usage_.end(); ++at) {
    const auto& [hour, key, client, model] = at->first;
    if (hour >= to) break;
    sums[by == usage_by::key ? key : by == usage_by::client ? client : model] += at->second;
  }
  std::vector<usage_sum> out;
  for (const auto& [name, of] : sums) out.push_back({name, of});
  std::sort(out.begin(), out.end(), [](const usage_sum& left, const usage_sum& right) {
    return std::tie(right.of.requests, left.name) < std::tie(left.of.requests, right.name);
  });
  if (out.size() > longest_page) out.resize(longest_page);
  return out;
}

result<std::size_t> memory_store::remove_usage_before(wall_time when) {
  const std::scoped_lock lock(mutex_);
  return std::erase_if(usage_, [&](const auto& row) { return std::get<0>(row.first) < when; });
}

// --- audit

// The one table whose oldest rows give way: what is changed must not depend on it.
result<void> memory_store::add_audit(const audit_row& row) {
  if (!is_valid(row)) return errc::bad_value;
  const std::scoped_lock lock(mutex_);
  if (audit_.size() >= longest_table) audit_.pop_front();
  audit_.push_back(row);
  audit_.back().id = ++last_audit_;
  return {};
}

result<std::vector<audit_row>> memory_store::list_audit(std::uint64_t before, std::size_t limit) {
  const std::scoped_lock lock(mutex_);
  std::vector<audit_row> out;
  for (auto at = audit_.rbegin(); at != audit_.rend(); ++at) {
    if (out.size() >= std::min(limit, longest_page)) break;
    if (before == 0 || at->id < before) out.push_back(*at);
  }
  return out;
}

result<std::size_t> memory_store::remove_audit_before(wall_time when) {
  const std::scoped_lock lock(mutex_);
  return std::erase_if(audit_, [&](const audit_row& row) { return row.at < when; });
}

result<std::uint64_t> memory_store::change_count() {
  const std::scoped_lock lock(mutex_);
  return changes_;
}

result<summary> memory_store::describe() {
  const std::scoped_lock lock(mutex_);
  return summary{.users = users_.size(),
                 .keys = keys_.size(),
                 .tokens = tokens_.size(),
                 .assets = assets_.size()};
}

}  // namespace frpx::store
