// Models that are asked for and that no client has.
#pragma once

#include <cstddef>
#include <cstdint>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "core/clock.hpp"

namespace frpx::gateway {

/// Counts the requests for each of them, so that an operator sees what is wanted, or misspelled.
///
/// Requests choose the names, so their number is bounded: one more takes the place of the one that
/// was asked for least, and of several such, the one that was asked for longest ago. What is no
/// plain text is not noted. Any thread; only requests for such models come here.
class unserved_models {
 public:
  static constexpr std::size_t most = 100;

  struct entry {
    std::string model;  ///< As it was written first.
    std::uint64_t requests = 0;
    wall_time first;
    wall_time last;
  };

  void note(std::string_view model, wall_time now);
  /// Those asked for most first.
  std::vector<entry> list() const;

 private:
  mutable std::mutex mutex_;
  std::vector<entry> entries_;
};

}  // namespace frpx::gateway
