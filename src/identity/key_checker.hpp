// Whether an API key may come in.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

#include "cache/memory/digest_table.hpp"
#include "core/clock.hpp"
#include "core/result.hpp"
#include "core/secret.hpp"
#include "store/store.hpp"

namespace frpx::identity {

/// A known key's public side, shared by all verdicts on it.
struct key_facts {
  std::string id;
  std::string name;
  std::string owner;
};

enum class standing { valid, invalid, unavailable };

/// Why a key is not valid; for the log, never for the visitor.
enum class key_fault { none, unknown, revoked, expired, unsuitable, store_away };
std::string_view to_string(key_fault value);

/// Who answered: for a debug line and a counter per check.
enum class answered_by { process, database, fixed };
std::string_view to_string(answered_by value);

struct verdict {
  standing outcome = standing::unavailable;
  key_fault fault = key_fault::store_away;
  answered_by by = answered_by::database;
  std::shared_ptr<const key_facts> key;  ///< Null when the key is unknown.

  bool is_valid() const { return outcome == standing::valid; }
};

/// When the fixed key (`--api-key`) is good: beside the store's keys, or only while the store
/// cannot be asked.
enum class fixed_key_rule { always, while_store_is_away };

struct key_checker_options {
  secret fixed_key;  ///< Empty: none.
  fixed_key_rule fixed_rule = fixed_key_rule::always;
  std::chrono::milliseconds valid_for{5000};  ///< How long an answer serves without the store.
  std::chrono::milliseconds invalid_for{5000};
  std::chrono::milliseconds grace{std::chrono::hours(1)};  ///< The same, while the store is away.
  std::chrono::milliseconds retry_after{1000};  ///< How long a store that failed is let alone.
  std::size_t valid_capacity = 16'384;
  std::size_t invalid_capacity = 16'384;
};

/// Judges API keys, from memory where it can and from the store where it must.
///
/// A worker asks cached() first, which takes well below a microsecond, no heap and no waiting; only
/// when it has no answer check() is called, on the pool for blocking work. Who sees to it that one
/// key is asked for once at a time is the caller. Wrong keys have a table of their own and cannot
/// push out good ones; what is kept are digests, never keys.
///
/// Any thread may call everything. `store` outlives the checker.
class key_checker {
 public:
  key_checker(store::store& store, const key_checker_options& options);

  /// The answer if it is known. `key` is what the visitor presented.
  std::optional<verdict> cached(std::string_view key, steady_time now) const;

  /// Asks the store and remembers the answer. Blocks. While the store is away, a key that was valid
  /// within the grace stays so, any other is `unavailable`.
  verdict check(std::string_view key, steady_time now);

  /// Forgets every answer when the store has changed, by this process or another, and writes down
  /// the last uses, each key's once a minute. Blocks; to be called every 200 ms.
  result<void> refresh();

  /// Forgets the answers about one key at once, without waiting for refresh().
  void forget(std::string_view key_id);

 private:
  using answers = cache::digest_table<verdict>;

  bool store_is_away(steady_time now) const;
  std::optional<verdict> fixed(const cache::keyed_digest& hash, steady_time now) const;
  verdict found(const cache::keyed_digest& hash, answers::epoch valid_ticket,
                answers::epoch invalid_ticket, const store::api_key& row, steady_time now);
  verdict refuse(const cache::keyed_digest& hash, answers::epoch invalid_ticket, verdict why,
                 steady_time now);
  verdict without_store(const cache::keyed_digest& hash, steady_time now);
  void note_use(const store::api_key& row);

  store::store& store_;
  const key_checker_options options_;
  const cache::digest_maker digest_of_;
  const std::optional<cache::keyed_digest> fixed_key_;
  const verdict fixed_verdict_;
  answers valid_;
  answers invalid_;
  std::atomic<steady_time> away_until_{steady_time::min()};  // as seen by the last failed look-up
  std::mutex mutex_;                                         // guards what follows
  std::optional<std::uint64_t> seen_change_;
  std::unordered_map<std::string, wall_time> uses_;  // to be written, by key id
};

}  // namespace frpx::identity
