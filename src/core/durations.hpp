// How long things took.
#pragma once

#include <array>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>

#include "core/clock.hpp"

namespace frpx {

/// How often something took how long, by a few fixed bounds: from what a cache answers to what a
/// large model does.
struct durations {
  /// In seconds, each included.
  static constexpr std::array<double, 16> bounds = {
      0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300};

  /// How many lay within a bound and above the one before; the last: above all.
  std::array<std::uint64_t, bounds.size() + 1> counts{};
  double seconds = 0;  ///< Of all together.

  std::uint64_t count() const {
    std::uint64_t sum = 0;
    for (const std::uint64_t each : counts) sum += each;
    return sum;
  }
  durations& operator+=(const durations& more);
  /// What came since `before`, an earlier state of the same.
  durations operator-(const durations& before) const;

  /// The seconds within which the part `of` (0 to 1) of all lay, as Prometheus' histogram_quantile
  /// estimates it: evenly spread between two bounds, the highest bound at most. 0: there is none.
  double quantile(double of) const;
};

/// Counts them. One thread adds, without a lock; any may look.
class duration_counter {
 public:
  void add(steady_clock::duration took) {
    const double seconds = std::chrono::duration<double>(took).count();
    std::size_t at = 0;
    while (at < durations::bounds.size() && seconds > durations::bounds[at]) ++at;
    raise(counts_[at], 1);
    const auto micros = std::chrono::duration_cast<std::chrono::microseconds>(took).count();
    raise(micros_, static_cast<std::uint64_t>(micros));
  }
  durations so_far() const;

 private:
  using counter = std::atomic<std::uint64_t>;
  // Cheaper than fetch_add, and enough for one writer.
  static void raise(counter& what, std::uint64_t by) {
    constexpr auto relaxed = std::memory_order_relaxed;
    what.store(what.load(relaxed) + by, relaxed);
  }

  std::array<counter, durations::bounds.size() + 1> counts_{};
  counter micros_{0};
};

}  // namespace frpx
