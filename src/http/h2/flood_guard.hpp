// How much work that leads to nothing a visitor may cause.
#pragma once

#include <algorithm>
#include <chrono>

#include "core/clock.hpp"

namespace frpx::http::h2 {

/// A budget that fills up with time, of one connection. Frames that cost us and bring no request
/// draw on it: cancelled requests (CVE-2023-44487), PING, SETTINGS, PRIORITY, empty DATA
/// (CVE-2019-9512 to 9518). A browser that leaves a page with a hundred images stays within it.
class flood_guard {
 public:
  static constexpr int most = 2000;
  static constexpr int per_second = 200;
  static constexpr int of_a_cancelled_request = 20;  // a hundred at once, ten a second for long
  static constexpr int of_an_idle_frame = 1;

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

 private:
  steady_time filled_;
  int left_ = most;
};

}  // namespace frpx::http::h2
