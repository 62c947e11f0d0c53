// So many bytes a second.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstdint>

#include "core/clock.hpp"

namespace frpx::net {

/// A token bucket that many threads share without a lock: the generic cell rate algorithm (ITU-T
/// I.371), whose only state is the moment at which all that was taken will have been earned. What
/// was taken in any span of time is at most the rate times the span, and a tenth of a second's
/// worth.
class token_bucket {
 public:
  /// At least 1 byte a second.
  explicit token_bucket(std::uint64_t bytes_per_second)
      : rate_(std::max<std::uint64_t>(bytes_per_second, 1)) {}

  /// How much may be taken at `now`; 0: wait until `ready_at`.
  std::size_t available(steady_time now) const {
    const auto ahead = std::max<std::int64_t>(earned_.load(relaxed) - ticks(now), 0);
    if (ahead >= burst_ns) return 0;
    // A slow service's share of a burst may be less than a byte, which would never be reached.
    return std::max<std::size_t>(bytes_in(burst_ns - ahead), ahead == 0 ? 1 : 0);
  }
  /// Takes that much, which was available a moment ago: another thread may have come between, and
  /// then it is paid for by waiting longer.
  void take(std::size_t bytes, steady_time now) {
    const auto cost = static_cast<std::int64_t>(static_cast<double>(bytes) * second_ns /
                                                static_cast<double>(rate_));
    std::int64_t earned = earned_.load(relaxed);
    while (!earned_.compare_exchange_weak(earned, std::max(earned, ticks(now)) + cost, relaxed)) {
    }
  }
  /// When half of a burst may be taken again: waking for each byte would cost more than it moves.
  steady_time ready_at(steady_time now) const {
    const auto half = earned_.load(relaxed) - burst_ns / 2;
    return now + std::chrono::nanoseconds(std::max<std::int64_t>(half - ticks(now), burst_ns / 10));
  }

 private:
  static constexpr auto relaxed = std::memory_order_relaxed;
  static constexpr std::int64_t second_ns = 1'000'000'000;
  static constexpr std::int64_t burst_ns = second_ns / 10;

  static std::int64_t ticks(steady_time at) {
    return std::chrono::duration_cast<std::chrono::nanoseconds>(at.time_since_epoch()).count();
  }
  std::size_t bytes_in(std::int64_t ns) const {
    return static_cast<std::size_t>(static_cast<double>(ns) * static_cast<double>(rate_) /
                                    second_ns);
  }

  const std::uint64_t rate_;
  std::atomic<std::int64_t> earned_{0};
};

}  // namespace frpx::net
