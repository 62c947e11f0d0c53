// How fast a client may send commands.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <optional>

#include "core/clock.hpp"

namespace frpx::tunnel::frpx_dialect {

/// Bounds the work that one session's commands cause: a hundred a second and, after a rest, a
/// thousand at once; a long command counts as several. A client sends a few in ten seconds, and one
/// for each of its services when it begins. Whoever reads commands waits as long as this says
/// before it takes the next, so that TCP slows the client down; one that goes on and on is no
/// client.
class command_pace {
 public:
  static constexpr int per_second = 100;
  static constexpr int at_once = 1000;
  static constexpr std::size_t long_command = 16 * 1024;  ///< Bytes; as many count as one more.
  static constexpr std::chrono::seconds longest_ahead{5};

  /// A command of `size` bytes was taken.
  void count(std::size_t size, steady_time now) {
    if (paid_ - now < at_once * each / 2) ahead_since_.reset();
    paid_ = std::max(paid_, now) + each * (1 + static_cast<int>(size / long_command));
    if (!ahead_since_ && wait(now) > steady_clock::duration::zero()) ahead_since_ = now;
  }
  /// How long to wait before the next; zero: it may be taken at once.
  steady_clock::duration wait(steady_time now) const {
    return std::max(paid_ - now - at_once * each, steady_clock::duration::zero());
  }
  /// It has had to wait for longer than `longest_ahead`, and has hardly rested since.
  bool is_flood(steady_time now) const {
    return ahead_since_ && now - *ahead_since_ > longest_ahead;
  }

 private:
  static constexpr steady_clock::duration each =
      std::chrono::duration_cast<steady_clock::duration>(std::chrono::seconds(1)) / per_second;

  steady_time paid_{};  // when the commands so far will have been earned
  std::optional<steady_time> ahead_since_;
};

}  // namespace frpx::tunnel::frpx_dialect
