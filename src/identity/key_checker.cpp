#include "identity/key_checker.hpp"

#include <algorithm>

#include "identity/api_keys.hpp"

namespace frpx::identity {
namespace {

constexpr std::chrono::minutes use_interval{1};
constexpr std::size_t most_uses = 10'000;

bool is_suitable(std::string_view key) {
  return !key.empty() && key.size() <= longest_key;
}

verdict invalid_because(key_fault fault, answered_by by,
                        std::shared_ptr<const key_facts> key = nullptr) {
  return {standing::invalid, fault, by, std::move(key)};
}

verdict from_memory(verdict of) {
  of.by = answered_by::process;
  return of;
}

std::shared_ptr<const key_facts> facts_of(const store::api_key& row) {
  return std::make_shared<const key_facts>(key_facts{row.id, row.name, row.owner});
}

key_fault fault_of(const store::api_key& row) {
  if (row.status != store::key_status::active) return key_fault::revoked;
  return row.expired ? key_fault::expired : key_fault::none;
}

}  // namespace

std::string_view to_string(key_fault value) {
  switch (value) {
    case key_fault::none:
      return "none";
    case key_fault::unknown:
      return "unknown";
    case key_fault::revoked:
      return "revoked";
    case key_fault::expired:
      return "expired";
    case key_fault::unsuitable:
      return "empty or too long";
    case key_fault::store_away:
      return "the database cannot be asked";
  }
  return "unknown";
}

std::string_view to_string(answered_by value) {
  switch (value) {
    case answered_by::process:
      return "process";
    case answered_by::database:
      return "database";
    case answered_by::fixed:
      return "fixed";
  }
  return "unknown";
}

key_checker::key_checker(store::store& store, const key_checker_options& options)
    : store_(store),
      options_(options),
      fixed_key_(options.fixed_key.empty() ? std::nullopt
                                           : std::optional(digest_of_(options.fixed_key.reveal()))),
      fixed_verdict_{standing::valid, key_fault::none, answered_by::fixed,
                     std::make_shared<const key_facts>(key_facts{"fixed", "--api-key", ""})},
      valid_(options.valid_capacity),
      invalid_(options.invalid_capacity) {}

bool key_checker::store_is_away(steady_time now) const {
  return now < away_until_.load(std::memory_order_relaxed);
}

std::optional<verdict> key_checker::fixed(const cache::keyed_digest& hash, steady_time now) const {
  const bool in_force = options_.fixed_rule == fixed_key_rule::always || store_is_away(now);
  if (!in_force || !fixed_key_ || !equal_in_constant_time(as_text(hash), as_text(*fixed_key_))) {
    return std::nullopt;
  }
  return fixed_verdict_;
}

std::optional<verdict> key_checker::cached(std::string_view key, steady_time now) const {
  if (!is_suitable(key)) return invalid_because(key_fault::unsuitable, answered_by::process);
  const cache::keyed_digest hash = digest_of_(key);
  if (auto known = valid_.find_fresh(hash, now)) return known;
  if (auto known = fixed(hash, now)) return known;
  return invalid_.find_fresh(hash, now);
}

verdict key_checker::check(std::string_view key, steady_time now) {
  if (!is_suitable(key)) return invalid_because(key_fault::unsuitable, answered_by::process);
  const cache::keyed_digest hash = digest_of_(key);
  if (const auto known = fixed(hash, now)) return *known;
  if (store_is_away(now)) return without_store(hash, now);
  const auto valid_ticket = valid_.ticket();
  const auto invalid_ticket = invalid_.ticket();
  const auto row = store_.find_key(secret(std::string(key)));
  if (row) return found(hash, valid_ticket, invalid_ticket, *row, now);
  if (row.error() == store::errc::not_found) {
    return refuse(hash, invalid_ticket, invalid_because(key_fault::unknown, answered_by::database),
                  now);
  }
  away_until_.store(now + options_.retry_after, std::memory_order_relaxed);
  return without_store(hash, now);
}

verdict key_checker::found(const cache::keyed_digest& hash, answers::epoch valid_ticket,
                           answers::epoch invalid_ticket, const store::api_key& row,
                           steady_time now) {
  const key_fault fault = fault_of(row);
  if (fault != key_fault::none) {
    return refuse(hash, invalid_ticket,
                  invalid_because(fault, answered_by::database, facts_of(row)), now);
  }
  note_use(row);
  const verdict good{standing::valid, key_fault::none, answered_by::database, facts_of(row)};
  // Neither the cache nor the grace outlives the key.
  steady_time end = steady_time::max();
  if (row.expires) {
    const auto left =
        std::chrono::ceil<std::chrono::milliseconds>(*row.expires - wall_clock::now());
    end = now + std::min<std::chrono::milliseconds>(left, options_.valid_for + options_.grace);
  }
  valid_.put(valid_ticket, hash, from_memory(good), std::min(now + options_.valid_for, end),
             std::min(now + options_.valid_for + options_.grace, end));
  return good;
}

verdict key_checker::refuse(const cache::keyed_digest& hash, answers::epoch invalid_ticket,
                            verdict why, steady_time now) {
  valid_.erase(hash);
  const steady_time end = now + options_.invalid_for;
  invalid_.put(invalid_ticket, hash, from_memory(why), end, end);
  return why;
}

verdict key_checker::without_store(const cache::keyed_digest& hash, steady_time now) {
  if (const auto known = valid_.prolong(hash, now, now + options_.retry_after)) return *known;
  if (const auto known = fixed(hash, now)) return *known;
  return {standing::unavailable, key_fault::store_away, answered_by::database, nullptr};
}

void key_checker::note_use(const store::api_key& row) {
  const wall_time now = wall_clock::now();
  if (row.last_used && now - *row.last_used < use_interval) return;
  const std::scoped_lock lock(mutex_);
  if (uses_.size() < most_uses) uses_.insert_or_assign(row.id, now);
}

result<void> key_checker::refresh() {
  const auto count = store_.change_count();
  if (!count) return count.error();
  std::vector<store::use> uses;
  {
    const std::scoped_lock lock(mutex_);
    if (std::exchange(seen_change_, *count) != *count) {
      valid_.forget_all();
      invalid_.forget_all();
    }
    for (const auto& [id, when] : uses_) uses.push_back({id, when});
    uses_.clear();
  }
  // What cannot be written now will be noted anew when the key is next asked for.
  return store_.touch_keys(uses);
}

void key_checker::forget(std::string_view key_id) {
  const auto is_meant = [&](const verdict& v) { return v.key && v.key->id == key_id; };
  valid_.forget_if(is_meant);
  invalid_.forget_if(is_meant);
}

}  // namespace frpx::identity
