// Whether a client's local service is well.
#pragma once

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdint>

#include "core/clock.hpp"

namespace frpx::balance {

/// When a client is set aside, and for how long.
struct health_rules {
  std::uint32_t failures = 3;  ///< In a row; a refused connection counts as so many.
  std::chrono::milliseconds first_pause{1'000};
  std::chrono::milliseconds longest_pause{30'000};
};

/// What its requests' ends, and the client itself, say of a client's local service.
///
/// A client whose service fails is set aside. When its pause is over, one request tries it: if that
/// one fails too the next pause is twice as long, if it succeeds all is forgotten. So a broken
/// client costs its visitors one try a pause, not every other request.
///
/// Any thread. While all is well nobody writes here.
class health {
 public:
  /// Requests may go there: it is not set aside, or its pause is over and somebody has to try.
  bool fit(steady_time now) const {
    if (reported_down_.load(std::memory_order_relaxed)) return false;
    const auto until = aside_until_.load(std::memory_order_relaxed);
    return until == 0 || until <= ticks(now);
  }
  /// Who was told `fit` and means to go there asks this: false when another request tries it now.
  bool claim(steady_time now, const health_rules& rules) {
    auto until = aside_until_.load(std::memory_order_relaxed);
    if (until == 0) return true;
    if (until > ticks(now)) return false;
    if (!aside_until_.compare_exchange_strong(until, ticks(now + pause(rules)))) return false;
    is_tried_.store(true, std::memory_order_relaxed);
    return true;
  }
  /// A request failed there. `refused`: nothing listens, which needs no second proof.
  void failed(bool refused, steady_time now, const health_rules& rules) {
    const std::uint32_t in_a_row = failures_.fetch_add(1, std::memory_order_relaxed) + 1;
    auto until = aside_until_.load(std::memory_order_relaxed);
    if (until == 0) {
      if (!refused && in_a_row < rules.failures) return;
    } else if (!is_tried_.exchange(false, std::memory_order_relaxed)) {
      return;  // it began before
    }
    // Of many that fail together, one sets it aside.
    if (aside_until_.compare_exchange_strong(until, ticks(now + pause(rules)))) {
      pauses_.fetch_add(1, std::memory_order_relaxed);
    }
  }
  void succeeded() {
    if (failures_.load(std::memory_order_relaxed) == 0) return;
    failures_.store(0, std::memory_order_relaxed);
    pauses_.store(0, std::memory_order_relaxed);
    aside_until_.store(0, std::memory_order_relaxed);
  }
  /// Requests go there only to try it, or when no other client is left.
  bool is_set_aside() const {
    return reported_down_.load(std::memory_order_relaxed) ||
           aside_until_.load(std::memory_order_relaxed) != 0;
  }
  /// The client has asked its service itself (`frpc --health-path`).
  void report(bool well) { reported_down_.store(!well, std::memory_order_relaxed); }

 private:
  static std::int64_t ticks(steady_time when) { return when.time_since_epoch().count(); }
  std::chrono::milliseconds pause(const health_rules& rules) const {
    const auto doublings = std::min<std::uint32_t>(pauses_.load(std::memory_order_relaxed), 20);
    return std::min(rules.longest_pause, rules.first_pause * (1 << doublings));
  }

  std::atomic<std::uint32_t> failures_{0};    // in a row
  std::atomic<std::uint32_t> pauses_{0};      // in a row
  std::atomic<std::int64_t> aside_until_{0};  // 0: not set aside
  std::atomic<bool> is_tried_{false};         // by the one request after a pause
  std::atomic<bool> reported_down_{false};
};

}  // namespace frpx::balance
