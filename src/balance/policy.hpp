// Which of the candidates serves: the policies (docs/balancing.md).
#pragma once

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <utility>

#include "balance/odds.hpp"
#include "balance/random.hpp"
#include "balance/ring.hpp"

namespace frpx::balance {

enum class policy : std::uint8_t { random, round_robin, least_inflight, p2c, sticky };

/// As an option has it; nothing for an unknown name.
std::optional<policy> policy_named(std::string_view name);
std::string_view name_of(policy which);

/// How much a candidate has to do. One with weight 2 bears twice as much.
struct load {
  std::uint32_t in_flight = 0;
  std::uint32_t weight = 1;

  /// With one request more each.
  bool lighter_than(const load& other) const {
    return (std::uint64_t{in_flight} + 1) * other.weight <
           (std::uint64_t{other.in_flight} + 1) * weight;
  }
};

/// What the policies know of a set of candidates beforehand, so that a choice costs the same for
/// ten and for ten thousand: made once with each routing snapshot, then read by all workers. The
/// turn of round-robin alone moves, and is shared.
class field {
 public:
  /// Called once, before anybody chooses. `with_ring`: the policy is sticky, which alone needs it.
  /// `former`: the set whose place this one takes, so that its turn goes on; or null.
  void learn(std::span<const ring::member> members, bool with_ring, const field* former = nullptr);

  std::size_t size() const { return size_; }

  /// The index of one for which `usable(index)` holds; nothing if there is none. `load_of(index)`
  /// is a `load`. `key` is what sticky sticks to; without one it chooses as random does.
  template <class Usable, class LoadOf>
  std::optional<std::size_t> choose(policy by, std::optional<std::uint64_t> key,
                                    quick_random& random, Usable usable, LoadOf load_of) const {
    if (size_ == 0) return std::nullopt;
    switch (by) {
      case policy::random:
        break;
      case policy::round_robin:
        return next_in_turn(random, usable);
      case policy::least_inflight:
        return least(random, usable, load_of);
      case policy::p2c:
        return lighter_of_two(random, usable, load_of);
      case policy::sticky:
        if (key) return ring_.choose(*key, usable);
        break;
    }
    return any(random, usable);
  }

 private:
  // Draws before the candidates are looked at one by one: enough while most are usable.
  static constexpr int draws = 8;
  // Up to here least-inflight looks at all; of more, at so many.
  static constexpr std::size_t looked_at = 32;

  std::size_t draw(quick_random& random) const { return odds_.at(random(), size_); }

  template <class Usable>
  std::optional<std::size_t> any(quick_random& random, Usable& usable) const {
    for (int i = 0; i < draws; ++i) {
      const std::size_t one = draw(random);
      if (usable(one)) return one;
    }
    return choose_random(size_, random, usable);
  }

  // With unequal weights the turn walks by the golden ratio (a Weyl sequence), which spreads the
  // shares of each evenly over time.
  template <class Usable>
  std::optional<std::size_t> next_in_turn(quick_random& random, Usable& usable) const {
    for (int i = 0; i < draws; ++i) {
      const std::uint64_t turn = turn_.fetch_add(1, std::memory_order_relaxed);
      const auto one = odds_.even() ? static_cast<std::size_t>(turn % size_)
                                    : odds_.at(turn * 0x9e3779b97f4a7c15, size_);
      if (usable(one)) return one;
    }
    return choose_random(size_, random, usable);
  }

  template <class Usable, class LoadOf>
  std::optional<std::size_t> least(quick_random& random, Usable& usable, LoadOf& load_of) const {
    std::optional<std::size_t> best;
    load lightest;
    const std::size_t count = std::min(size_, looked_at);
    const std::size_t first = random.below(static_cast<std::uint32_t>(size_));
    for (std::size_t i = 0; i < count; ++i) {
      // All, from anywhere on, so that among equals chance decides; or so many drawn ones.
      const std::size_t one = size_ <= looked_at ? (first + i) % size_ : draw(random);
      if (!usable(one)) continue;
      const load its = load_of(one);
      if (best && !its.lighter_than(lightest)) continue;
      best = one;
      lightest = its;
    }
    return best || size_ <= looked_at ? best : choose_random(size_, random, usable);
  }

  template <class Usable, class LoadOf>
  std::optional<std::size_t> lighter_of_two(quick_random& random, Usable& usable,
                                            LoadOf& load_of) const {
    const auto first = any(random, usable);
    if (!first) return first;
    for (int i = 0; i < draws && size_ > 1; ++i) {
      const std::size_t second = draw(random);
      if (second == *first || !usable(second)) continue;
      return load_of(second).lighter_than(load_of(*first)) ? second : first;
    }
    // Chance named the same one each time, as it does for two candidates in one of 256 choices.
    for (std::size_t i = 1; i < std::min(size_, looked_at); ++i) {
      const std::size_t second = (*first + i) % size_;
      if (usable(second)) return load_of(second).lighter_than(load_of(*first)) ? second : first;
    }
    return first;
  }

  std::size_t size_ = 0;
  odds odds_;
  ring ring_;
  mutable std::atomic<std::uint64_t> turn_{0};
};

}  // namespace frpx::balance
