#include "identity/key_checker.hpp"

#include <algorithm>
#include <unordered_set>

#include "core/log.hpp"
#include "identity/api_keys.hpp"
#include "identity/key_entry.hpp"
#include "identity/spending.hpp"

namespace frpx::identity {
namespace {

constexpr std::chrono::minutes use_interval{1};
constexpr std::size_t most_uses = 10'000;
// Wrong keys that are shared in a second: who tries millions fills no cache of others.
constexpr std::size_t most_shared_wrong = 100;

bool is_suitable(std::string_view key) {
  return !key.empty() && key.size() <= longest_key;
}

verdict invalid_because(key_fault fault, answered_by by,
                        std::shared_ptr<const key_facts> key = nullptr) {
  return {.outcome = standing::invalid, .fault = fault, .by = by, .key = std::move(key)};
}

std::shared_ptr<const key_facts> facts_of(const store::api_key& row) {
  return std::make_shared<const key_facts>(key_facts{.id = row.id,
                                                     .name = row.name,
                                                     .owner = row.owner,
                                                     .limits = row.limits,
                                                     .expires = row.expires});
}

verdict verdict_on(const store::api_key& row) {
  if (row.status != store::key_status::active) {
    return invalid_because(key_fault::revoked, answered_by::database, facts_of(row));
  }
  if (row.expired) return invalid_because(key_fault::expired, answered_by::database, facts_of(row));
  return {.outcome = standing::valid,
          .fault = key_fault::none,
          .by = answered_by::database,
          .key = facts_of(row)};
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
    case answered_by::redis:
      return "Redis";
    case answered_by::database:
      return "database";
    case answered_by::fixed:
      return "static";
  }
  return "unknown";
}

key_checker::key_checker(store::store& store, const key_checker_options& options)
    : store_(store),
      options_(options),
      fixed_key_(options.fixed_key.empty() ? std::nullopt
                                           : std::optional(digest_of_(options.fixed_key.reveal()))),
      fixed_verdict_{.outcome = standing::valid,
                     .fault = key_fault::none,
                     .by = answered_by::fixed,
                     .key = std::make_shared<const key_facts>(key_facts{
                         .id = "static", .name = "--api-key", .owner = {}, .is_fixed = true})},
      valid_(options.valid_capacity),
      invalid_(options.invalid_capacity) {}

// The facts of a key whose requests are counted, with what counts them.
void key_checker::give_meter(verdict& said, steady_time now) {
  if (!said.key || (said.key->limits.per_minute == 0 && said.key->limits.at_once == 0)) return;
  key_facts metered = *said.key;
  metered.meter = meters_.of(metered.id, now);
  said.key = std::make_shared<const key_facts>(std::move(metered));
}

// Counts the check and says who answered it.
verdict key_checker::told(const verdict& of) const {
  counts_[static_cast<std::size_t>(of.by)].fetch_add(1, std::memory_order_relaxed);
  log::debug("key {} checked: {}, answered by {}", of.key ? std::string_view(of.key->id) : "-",
             of.is_valid() ? "valid" : to_string(of.fault), to_string(of.by));
  return of;
}

std::optional<verdict> key_checker::fixed(const cache::keyed_digest& hash) const {
  const bool in_force = options_.fixed_rule == fixed_key_rule::always || store_is_away();
  if (!in_force || !fixed_key_ || !equal_in_constant_time(as_text(hash), as_text(*fixed_key_))) {
    return std::nullopt;
  }
  return fixed_verdict_;
}

std::optional<verdict> key_checker::cached(std::string_view key, steady_time now) const {
  if (!is_suitable(key)) return invalid_because(key_fault::unsuitable, answered_by::process);
  const cache::keyed_digest hash = digest_of_(key);
  if (auto known = valid_.find(hash, now)) {
    const bool away = store_is_away();
    if (known->fresh || away || now < known->value.serves_until) {
      known->value.said.due = !known->fresh && !away;
      return told(known->value.said);
    }
  }
  if (auto known = fixed(hash)) return told(*known);
  if (auto known = invalid_.find(hash, now)) return told(known->value.said);
  return std::nullopt;
}

verdict key_checker::check(std::string_view key, steady_time now) {
  if (!is_suitable(key)) return invalid_because(key_fault::unsuitable, answered_by::process);
  const cache::keyed_digest hash = digest_of_(key);
  // Another worker may have asked while this question waited for a thread.
  for (const answers* table : {&valid_, &invalid_}) {
    if (const auto known = table->find(hash, now); known && known->fresh) {
      return told(known->value.said);
    }
  }
  std::shared_ptr<question> mine;
  {
    std::unique_lock lock(questions_mutex_);
    auto& asked = questions_[hash];
    if (asked) {
      const auto other = asked;
      answered_.wait(lock, [&] { return other->said.has_value(); });
      return told(*other->said);
    }
    mine = asked = std::make_shared<question>();
  }
  const verdict said = find_out(key, hash, now);
  const std::scoped_lock lock(questions_mutex_);
  mine->said = said;
  questions_.erase(hash);
  answered_.notify_all();
  return told(said);
}

verdict key_checker::find_out(std::string_view key, const cache::keyed_digest& hash,
                              steady_time now) {
  if (const auto known = fixed(hash)) return *known;
  tickets taken{valid_.ticket(), invalid_.ticket(), std::nullopt};
  {
    const std::scoped_lock lock(mutex_);
    taken.change = seen_change_;
  }
  if (auto known = ask_shared(key, hash, taken, now)) return std::move(*known);
  return ask_store(key, hash, taken, now);
}

std::optional<verdict> key_checker::ask_shared(std::string_view key,
                                               const cache::keyed_digest& hash,
                                               const tickets& taken, steady_time now) {
  if (!options_.shared) return std::nullopt;
  const auto text = options_.shared->get(entry_name(key));
  if (!text || !*text) return std::nullopt;
  auto entry = parse_key_entry(**text);
  // With the store away since the start, what others found out is all there is.
  if (!entry || (taken.change && entry->change != *taken.change)) return std::nullopt;
  const wall_time here = wall_clock::now();
  const auto age = std::max<wall_clock::duration>(here - entry->asked, {});
  const auto life = entry->said.is_valid() ? options_.valid_for : options_.invalid_for;
  if (age >= life || (entry->expires && *entry->expires <= here)) return std::nullopt;
  give_meter(entry->said, now);
  remember(hash, taken, entry->said, entry->expires, now, now - age);
  return entry->said;
}

verdict key_checker::ask_store(std::string_view key, const cache::keyed_digest& hash,
                               const tickets& taken, steady_time now) {
  if (store_is_away()) return without_store(hash, now);
  const auto row = store_.find_key(secret(std::string(key)));
  if (!row && row.error() != store::errc::not_found) {
    store_is_away_ = true;
    return without_store(hash, now);
  }
  verdict said =
      row ? verdict_on(*row) : invalid_because(key_fault::unknown, answered_by::database);
  give_meter(said, now);
  const auto expires = row ? row->expires : std::nullopt;
  if (said.is_valid()) note_use(*row);
  remember(hash, taken, said, expires, now, now);
  share(key, taken, said, expires);
  return said;
}

void key_checker::remember(const cache::keyed_digest& hash, const tickets& taken,
                           const verdict& said, std::optional<wall_time> expires, steady_time now,
                           steady_time asked) {
  answer kept{said, asked + options_.valid_for, expires};
  kept.said.by = answered_by::process;
  if (!said.is_valid()) {
    valid_.erase(hash);
    const steady_time end = now + options_.fresh_for;
    invalid_.put(taken.invalid, hash, std::move(kept), end, end);
    return;
  }
  // Neither the cache nor the grace outlives the key.
  steady_time end = asked + options_.valid_for + options_.grace;
  if (expires) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(*expires - wall_clock::now());
    end = std::min<steady_time>(end, now + left);
  }
  kept.serves_until = std::min(kept.serves_until, end);
  valid_.put(taken.valid, hash, std::move(kept), std::min(now + options_.fresh_for, end), end);
}

void key_checker::share(std::string_view key, const tickets& taken, const verdict& said,
                        std::optional<wall_time> expires) {
  if (!options_.shared || !taken.change) return;
  const wall_time now = wall_clock::now();
  std::chrono::milliseconds life = said.is_valid() ? options_.valid_for : options_.invalid_for;
  if (!said.is_valid()) {
    const std::scoped_lock lock(mutex_);
    const auto second = std::chrono::floor<std::chrono::seconds>(now.time_since_epoch());
    if (std::exchange(shared_second_, second) != second) shared_wrong_ = 0;
    if (++shared_wrong_ > most_shared_wrong) return;
  } else if (expires) {
    life = std::min(life, std::chrono::ceil<std::chrono::milliseconds>(*expires - now));
    if (life <= life.zero()) return;
  }
  // What others would gain is not worth failing for.
  (void)options_.shared->put(entry_name(key), to_text({*taken.change, now, expires, said}), life);
}

verdict key_checker::without_store(const cache::keyed_digest& hash, steady_time now) const {
  if (const auto known = valid_.find(hash, now)) return known->value.said;
  if (const auto known = fixed(hash)) return *known;
  return {};
}

void key_checker::note_use(const store::api_key& row) {
  const wall_time now = wall_clock::now();
  if (row.last_used && now - *row.last_used < use_interval) return;
  const std::scoped_lock lock(mutex_);
  if (uses_.size() < most_uses) uses_.insert_or_assign(row.id, now);
}

bool key_checker::hear_shared() {
  if (!options_.shared) return false;
  tell_spending();
  const auto heard = options_.shared->heard();
  shared_answers_ = heard.has_value();
  if (!heard) return false;
  take_out(heard->texts);
  return heard->changes > 0;
}

// What cannot be told now is not told later, when the buckets have refilled.
void key_checker::tell_spending() {
  const auto all = meters_.take_untold();
  for (std::span<const spending> left = all; !left.empty();) {
    const auto part = left.first(std::min(left.size(), spending_list::longest));
    if (!options_.shared->tell(to_text(server_, part))) return;
    left = left.subspan(part.size());
  }
}

void key_checker::take_out(const std::vector<std::string>& told) {
  const steady_time now = steady_clock::now();
  for (const std::string& text : told) {
    const auto by_others = parse_spending_list(text);
    if (!by_others || by_others->server == server_) continue;
    for (const spending& each : by_others->all) meters_.take_out(each, now);
  }
}

result<key_checker::news> key_checker::refresh() {
  const bool announced = hear_shared();
  {
    const std::scoped_lock lock(mutex_);
    announced_ |= announced;
  }
  const auto count = store_.change_count();
  store_is_away_ = !count;
  if (!count) return count.error();
  bool changed = false;
  {
    const std::scoped_lock lock(mutex_);
    changed = announced_ || seen_change_ != *count;
  }
  if (changed) {
    if (const auto done = forget_what_changed(); !done) return done.error();
    const std::scoped_lock lock(mutex_);
    announced_ = false;
    seen_change_ = *count;
  }
  if (const auto written = write_uses(); !written) return written.error();
  return changed ? news::changed : news::none;
}

// Asks the store once which of the keys that are known as good still are, as far and as long,
// rather than having all of them asked for anew by the next visitors. Should the store fail now,
// they are as good as before.
result<void> key_checker::forget_what_changed() {
  invalid_.forget_all();
  std::vector<std::string> ids;
  // Answers that are under way are not kept from here on; those of later questions are true.
  valid_.forget_if([&](const answer& each) {
    if (each.said.key) ids.push_back(each.said.key->id);
    return false;
  });
  if (ids.empty()) return {};
  auto still = store_.valid_keys(ids);
  if (!still) return still.error();
  std::unordered_map<std::string, store::valid_key> good;
  for (store::valid_key& each : *still) good.emplace(each.id, std::move(each));
  const std::unordered_set<std::string> asked(ids.begin(), ids.end());
  valid_.forget_if([&](const answer& each) {
    if (!each.said.key || !asked.contains(each.said.key->id)) return false;
    const auto now = good.find(each.said.key->id);
    return now == good.end() || now->second.limits != each.said.key->limits ||
           now->second.expires != each.expires;
  });
  return {};
}

result<void> key_checker::write_uses() {
  std::vector<store::use> uses;
  {
    const std::scoped_lock lock(mutex_);
    for (const auto& [id, when] : uses_) uses.push_back({id, when});
    uses_.clear();
  }
  // What cannot be written now will be noted anew when the key is next asked for.
  return store_.touch_keys(uses);
}

}  // namespace frpx::identity
