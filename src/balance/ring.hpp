// The same client for the same key, as long as it lives.
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <span>
#include <vector>

#include "balance/hash.hpp"

namespace frpx::balance {

/// Multi-probe consistent hashing (B. Appleton, M. O'Reilly, 2015, arXiv:1505.00062): each
/// candidate has one point on a circle for each unit of its weight, a key looks from several places
/// and takes the nearest point ahead. A candidate that leaves, or is not usable now, moves its own
/// keys and no others; one that comes takes its share evenly from all.
///
/// A look costs the same for ten points and ten thousand: a table leads straight to the neighbours
/// of a place. Immutable.
class ring {
 public:
  struct member {
    std::uint64_t name = 0;    ///< hash_of() what it is called, so that all servers agree.
    std::uint32_t weight = 1;  ///< 1 to most_weight; 0 counts as 1.
  };

  ring() = default;
  explicit ring(std::span<const member> members);

  /// The index of the member that `key` belongs to among those for which `usable(index)` holds;
  /// nothing if there is none.
  template <class Usable>
  std::optional<std::size_t> choose(std::uint64_t key, Usable usable) const {
    std::optional<std::size_t> best;
    std::uint64_t nearest = std::numeric_limits<std::uint64_t>::max();
    for (std::uint64_t probe = 0; probe < probes && !points_.empty(); ++probe) {
      const std::uint64_t place = mix(key + probe * 0x9e3779b97f4a7c15);
      const point* ahead = first_usable(place, usable);
      if (ahead == nullptr) return std::nullopt;
      const std::uint64_t distance = ahead->place - place;  // around the circle
      if (best && distance >= nearest) continue;
      nearest = distance;
      best = ahead->member;
    }
    return best;
  }

 private:
  // The paper's number for a fullest member of 1.05 times the mean.
  static constexpr std::uint64_t probes = 21;

  struct point {
    std::uint64_t place;
    std::uint32_t member;
  };

  template <class Usable>
  const point* first_usable(std::uint64_t place, Usable& usable) const {
    std::size_t i = first_of_[place >> shift_];
    while (i < points_.size() && points_[i].place < place) ++i;
    for (std::size_t seen = 0; seen < points_.size(); ++seen, ++i) {
      if (i >= points_.size()) i = 0;
      if (usable(points_[i].member)) return &points_[i];
    }
    return nullptr;
  }

  std::vector<point> points_;            // by place
  std::vector<std::uint32_t> first_of_;  // the first point at or behind a part of the circle
  int shift_ = 63;                       // of a place, to find its part
};

}  // namespace frpx::balance
