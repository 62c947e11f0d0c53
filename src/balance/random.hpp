// The policy `random`.
#pragma once

#include <cstddef>
#include <optional>

#include "core/random.hpp"

namespace frpx::balance {

/// The index of a random one of `count` candidates for which `usable(index)` holds; nothing if
/// there is none. O(1) while most are usable: a candidate that is not sends on to its neighbour.
template <class Usable>
std::optional<std::size_t> choose_random(std::size_t count, quick_random& random, Usable usable) {
  if (count == 0) return std::nullopt;
  const std::size_t first = random.below(static_cast<std::uint32_t>(count));
  for (std::size_t i = 0; i < count; ++i) {
    const std::size_t candidate = first + i < count ? first + i : first + i - count;
    if (usable(candidate)) return candidate;
  }
  return std::nullopt;
}

}  // namespace frpx::balance
