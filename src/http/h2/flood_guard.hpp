// How much work that leads to nothing a visitor may cause.
#pragma once

#include <algorithm>
#include <chrono>

#include "core/clock.hpp"

namespace frpx::http::h2 {

/// A budget that fills up with time, of one connection. What costs us and brings no answer draws on
/// it: requests that end before their answer has begun, whether the visitor cancels them
/// (CVE-2023-44487) or makes us reset them (CVE-2025-8671), and frames that move nothing: PING,
/// SETTINGS, PRIORITY, empty DATA, unknown ones (CVE-2019-9512 to 9518). A browser that leaves a
/// page with a hundred images stays within it.
///
/// WINDOW_UPDATE is part of reading an answer: each request and each DATA frame that was sent
/// allows some.
class flood_guard {
 public:
  static constexpr int most = 2000;
  static constexpr int per_second = 200;
  static constexpr int of_an_unanswered_request = 20;  // a hundred at once, ten a second for long
  static constexpr int of_an_idle_frame = 1;
  static constexpr int updates_for_a_request = 4;
  static constexpr int updates_for_data = 10;
  static constexpr int most_updates = 10'000;

  explicit flood_guard(steady_time now) : filled_(now) {}

  /// Whether the budget bears it.
  bool bears(int cost, steady_time now) {
    const auto passed = std::chrono::duration_cast<std::chrono::milliseconds>(now - filled_);
    const auto gained = std::min<std::int64_t>(most, passed.count() * per_second / 1000);
    if (gained > 0) {
      filled_ = now;
      left_ = std::min<int>(most, left_ + static_cast<int>(gained));
    }
    left_ -= cost;
    return left_ >= 0;
  }
  /// Whether a WINDOW_UPDATE is among those that are allowed.
  bool allows_update() {
    if (updates_ == 0) return false;
    --updates_;
    return true;
  }
  void request_came() { allow_updates(updates_for_a_request); }
  void data_sent() { allow_updates(updates_for_data); }

 private:
  void allow_updates(int more) { updates_ = std::min(updates_ + more, most_updates); }

  steady_time filled_;
  int left_ = most;
  int updates_ = 0;
};

}  // namespace frpx::http::h2
