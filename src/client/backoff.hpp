// How long to wait before the next try.
#pragma once

#include <algorithm>
#include <chrono>

#include "core/random.hpp"

namespace frpx::client {

/// Waits that double from try to try, and differ from client to client so that those which lost one
/// server do not come back to it in step: within [0.2 s, 0.4 s] at first, within [5 s, 10 s] at
/// last.
class backoff {
 public:
  static constexpr std::chrono::milliseconds shortest{200};
  static constexpr std::chrono::milliseconds longest{10'000};

  std::chrono::milliseconds next(quick_random& random) {
    const auto half = static_cast<std::uint32_t>(ceiling_.count() / 2);
    ceiling_ = std::min(2 * ceiling_, longest);
    return std::chrono::milliseconds(half + random.below(half + 1));
  }
  void reset() { ceiling_ = 2 * shortest; }

 private:
  std::chrono::milliseconds ceiling_ = 2 * shortest;  // of the next wait
};

}  // namespace frpx::client
