// Drawing among candidates by weight, at one price for ten or ten thousand.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace frpx::balance {

inline constexpr std::uint32_t most_weight = 100;

/// A draw among candidates in proportion to their weights, by Walker's alias method (A. J. Walker,
/// 1977, in the form of M. D. Vose, 1991): one number decides in O(1). Where all weights are equal
/// it holds no table. Immutable.
class odds {
 public:
  odds() = default;
  /// Each weight from 1 to most_weight; a weight of 0 counts as 1.
  explicit odds(std::span<const std::uint32_t> weights);

  /// The index that `uniform`, evenly spread over 64 bits, falls on; `count` is what it was made
  /// for and at least 1.
  std::size_t at(std::uint64_t uniform, std::size_t count) const {
    const auto wide = static_cast<unsigned __int128>(uniform) * count;
    const auto slot = static_cast<std::size_t>(wide >> 64);
    if (slots_.empty()) return slot;
    return static_cast<std::uint64_t>(wide) < slots_[slot].own ? slot : slots_[slot].other;
  }
  /// All weights are equal.
  bool even() const { return slots_.empty(); }

 private:
  struct slot {
    std::uint64_t own = ~std::uint64_t{0};  // below this share of 2^64 the slot is its owner's
    std::uint32_t other = 0;                // else this one's
  };
  std::vector<slot> slots_;
};

}  // namespace frpx::balance
