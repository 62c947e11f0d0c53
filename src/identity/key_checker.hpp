// Whether an API key may come in.
#pragma once

#include <array>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

#include "cache/memory/digest_table.hpp"
#include "cache/redis/redis_cache.hpp"
#include "core/clock.hpp"
#include "core/random.hpp"
#include "core/result.hpp"
#include "core/secret.hpp"
#include "identity/verdict.hpp"
#include "store/store.hpp"

namespace frpx::identity {

/// When the fixed key (`--api-key`) is good: beside the store's keys, or only while the store
/// cannot be asked.
enum class fixed_key_rule { always, while_store_is_away };

struct key_checker_options {
  secret fixed_key;  ///< Empty: none.
  fixed_key_rule fixed_rule = fixed_key_rule::always;
  cache::redis_cache* shared = nullptr;       ///< Null: none. Outlives the checker.
  std::chrono::milliseconds fresh_for{5000};  ///< How long an answer serves without being renewed.
  /// How long a valid answer serves while it is being renewed, and stands in the shared cache.
  std::chrono::milliseconds valid_for{std::chrono::minutes(5)};
  std::chrono::milliseconds invalid_for{std::chrono::seconds(30)};  ///< In the shared cache.
  std::chrono::milliseconds grace{
      std::chrono::hours(1)};  ///< For valid ones, while the store is away.
  std::size_t valid_capacity = 16'384;
  std::size_t invalid_capacity = 16'384;
};

/// Judges API keys: from memory where it can, then from the cache that servers share, then from the
/// store.
///
/// A worker asks cached() first, which takes well below a microsecond, no heap and no waiting. Only
/// when that has no answer, or one that is due, check() is called, on the pool for blocking work;
/// however many ask it for one key at a time, the store is asked once. So whoever brings a key that
/// was good within the last minutes waits for no database. Wrong keys have a table of their own and
/// cannot push out good ones; what is kept are digests, never keys.
///
/// A store that failed is not asked for keys until refresh(), which is called all the time, has
/// found it again: meanwhile a key that was valid within the grace stays so.
///
/// Any thread may call everything. `store` outlives the checker.
class key_checker {
 public:
  key_checker(store::store& store, const key_checker_options& options);

  /// The answer if it is known. `key` is what the visitor presented.
  std::optional<verdict> cached(std::string_view key, steady_time now) const;

  /// Finds the answer out and remembers it. Blocks.
  verdict check(std::string_view key, steady_time now);

  /// What refresh() found: whether anything changed that says who may come in.
  enum class news { none, changed };

  /// Hears of changes, by this process or another, and forgets what they made untrue; writes down
  /// the last uses, each key's once a minute; finds out whether the store answers; tells the
  /// servers that share the cache what was taken from the keys' buckets, and hears it of them.
  /// Blocks; to be called every 200 ms, by one thread at a time.
  result<news> refresh();

  /// Whether the shared cache answered when refresh() last asked.
  bool shared_answers() const { return shared_answers_.load(std::memory_order_relaxed); }
  /// How many checks were answered by that one since the start.
  std::uint64_t count(answered_by by) const {
    return counts_[static_cast<std::size_t>(by)].load(std::memory_order_relaxed);
  }

 private:
  struct answer {
    verdict said;
    steady_time serves_until;  // without waiting for a new one
    std::optional<wall_time> expires;
  };
  using answers = cache::digest_table<answer>;
  struct question {
    std::optional<verdict> said;
  };
  // What is taken before the store is asked: an answer that was overtaken by a change is not kept.
  struct tickets {
    answers::epoch valid;
    answers::epoch invalid;
    std::optional<std::uint64_t> change;
  };

  bool store_is_away() const { return store_is_away_.load(std::memory_order_relaxed); }
  std::optional<verdict> fixed(const cache::keyed_digest& hash) const;
  verdict find_out(std::string_view key, const cache::keyed_digest& hash, steady_time now);
  std::optional<verdict> ask_shared(std::string_view key, const cache::keyed_digest& hash,
                                    const tickets& taken, steady_time now);
  verdict ask_store(std::string_view key, const cache::keyed_digest& hash, const tickets& taken,
                    steady_time now);
  void remember(const cache::keyed_digest& hash, const tickets& taken, const verdict& said,
                std::optional<wall_time> expires, steady_time now, steady_time asked);
  void share(std::string_view key, const tickets& taken, const verdict& said,
             std::optional<wall_time> expires);
  verdict without_store(const cache::keyed_digest& hash, steady_time now) const;
  void give_meter(verdict& said, steady_time now);
  verdict told(const verdict& of) const;
  bool hear_shared();
  void tell_spending();
  void take_out(const std::vector<std::string>& told);
  result<void> forget_what_changed();
  result<void> write_uses();
  void note_use(const store::api_key& row);

  store::store& store_;
  const key_checker_options options_;
  const cache::digest_maker digest_of_;
  const std::optional<cache::keyed_digest> fixed_key_;
  const verdict fixed_verdict_;
  key_meters meters_;
  const std::string server_ = random_hex(8);  // as the others know it
  answers valid_;
  answers invalid_;
  std::atomic<bool> store_is_away_{false};
  std::atomic<bool> shared_answers_{false};
  mutable std::array<std::atomic<std::uint64_t>, answerers> counts_{};

  std::mutex questions_mutex_;  // guards what follows
  std::condition_variable answered_;
  std::map<cache::keyed_digest, std::shared_ptr<question>> questions_;

  std::mutex mutex_;  // guards what follows
  std::optional<std::uint64_t> seen_change_;
  bool announced_ = false;
  std::unordered_map<std::string, wall_time> uses_;  // to be written, by key id
  std::chrono::seconds shared_second_{0};            // in which wrong keys were shared last
  std::size_t shared_wrong_ = 0;                     // how many
};

}  // namespace frpx::identity
