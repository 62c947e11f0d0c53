// A bounded table of answers that may be forgotten, looked up by digest.
#pragma once

#include <algorithm>
#include <array>
#include <atomic>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <optional>
#include <vector>

#include "cache/memory/keyed_digest.hpp"
#include "core/bytes.hpp"
#include "core/clock.hpp"

namespace frpx::cache {

/// Remembers one value per digest for a time, so that a look-up needs neither a database nor the
/// heap. The table never grows: it is made of sets of eight places, a digest chooses its set, and
/// in a full set the entry that goes stale first gives way.
///
/// An entry is fresh until one time and kept until a later one: a stale entry serves when whoever
/// could refresh it is away.
///
/// Any thread may call everything; a call takes one lock of sixteen for some tens of nanoseconds
/// (forget_if() takes them one after the other). Time is a parameter.
template <class Value>
class digest_table {
 public:
  /// Says which entries a later put() may still add: see ticket().
  using epoch = std::uint64_t;

  /// Room for `capacity` entries, rounded up to a power of two of at least 128.
  explicit digest_table(std::size_t capacity)
      : sets_(std::bit_ceil(std::max(capacity, smallest)) / ways) {}

  std::size_t capacity() const { return sets_.size() * ways; }

  /// To be taken before the question is asked whose answer put() will bring: an answer that was
  /// under way during forget_if() may be outdated and is not kept.
  epoch ticket() const { return epoch_.load(std::memory_order_acquire); }

  struct known {
    Value value;
    bool fresh;
  };

  /// Finds an entry that is still kept.
  std::optional<known> find(const keyed_digest& key, steady_time now) const {
    const std::size_t index = set_of(key);
    const std::scoped_lock lock(mutex_of(index));
    const entry* found = place_of(sets_[index], key);
    if (!found || now >= found->kept_until) return std::nullopt;
    return known{found->value, now < found->fresh_until};
  }

  /// Keeps `value`, fresh until the one time and there until the other; false: forget_if() was
  /// called since the ticket was taken, and nothing is kept.
  bool put(epoch ticket, const keyed_digest& key, Value value, steady_time fresh_until,
           steady_time kept_until) {
    const std::size_t index = set_of(key);
    const std::scoped_lock lock(mutex_of(index));
    if (ticket != epoch_.load(std::memory_order_acquire)) return false;
    place_for(sets_[index], key) = entry{key, fresh_until, kept_until, std::move(value)};
    return true;
  }

  void erase(const keyed_digest& key) {
    const std::size_t index = set_of(key);
    const std::scoped_lock lock(mutex_of(index));
    if (entry* found = place_of(sets_[index], key)) *found = entry{};
  }

  /// Forgets the entries whose value `which` accepts, and every answer still under way.
  template <class Predicate>
  void forget_if(Predicate which) {
    epoch_.fetch_add(1, std::memory_order_acq_rel);
    for (std::size_t shard = 0; shard < shards; ++shard) {
      const std::scoped_lock lock(mutexes_[shard].mutex);
      for (std::size_t index = shard; index < sets_.size(); index += shards) {
        for (entry& e : sets_[index]) {
          if (e.kept_until != never && which(e.value)) e = entry{};
        }
      }
    }
  }
  void forget_all() {
    forget_if([](const Value&) { return true; });
  }

 private:
  static constexpr std::size_t ways = 8;
  static constexpr std::size_t shards = 16;
  static constexpr std::size_t smallest = ways * shards;
  static constexpr steady_time never = steady_time::min();

  struct entry {
    keyed_digest key{};
    steady_time fresh_until = never;
    steady_time kept_until = never;
    Value value{};
  };
  using set = std::array<entry, ways>;
  struct alignas(64) padded_mutex {
    std::mutex mutex;
  };

  std::size_t set_of(const keyed_digest& key) const {
    return load_little<std::uint64_t>(key.data()) & (sets_.size() - 1);
  }
  std::mutex& mutex_of(std::size_t set_index) const { return mutexes_[set_index % shards].mutex; }

  template <class Set>  // const or not
  static auto place_of(Set& places, const keyed_digest& key) -> decltype(&places[0]) {
    for (auto& e : places) {
      if (e.kept_until != never && e.key == key) return &e;
    }
    return nullptr;
  }

  static entry& place_for(set& places, const keyed_digest& key) {
    if (entry* there = place_of(places, key)) return *there;
    return *std::min_element(places.begin(), places.end(), [](const entry& l, const entry& r) {
      return l.fresh_until < r.fresh_until;
    });
  }

  std::vector<set> sets_;
  mutable std::array<padded_mutex, shards> mutexes_;
  std::atomic<epoch> epoch_{0};
};

}  // namespace frpx::cache
