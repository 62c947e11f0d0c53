#include "balance/ring.hpp"

#include <algorithm>
#include <bit>

namespace frpx::balance {

ring::ring(std::span<const member> members) {
  for (std::uint32_t i = 0; i < members.size(); ++i) {
    const std::uint32_t weight = std::max<std::uint32_t>(members[i].weight, 1);
    for (std::uint64_t unit = 0; unit < weight; ++unit) {
      points_.push_back({mix(members[i].name + unit * 0xd1b54a32d192ed03), i});
    }
  }
  std::sort(points_.begin(), points_.end(),
            [](const point& left, const point& right) { return left.place < right.place; });
  const int bits = std::max(1, static_cast<int>(std::bit_width(points_.size())));
  shift_ = 64 - bits;
  first_of_.resize(std::size_t{1} << bits);
  std::size_t next = 0;
  for (std::size_t part = 0; part < first_of_.size(); ++part) {
    while (next < points_.size() && points_[next].place >> shift_ < part) ++next;
    first_of_[part] = static_cast<std::uint32_t>(next);
  }
}

}  // namespace frpx::balance
