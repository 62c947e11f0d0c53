#include "balance/odds.hpp"

#include <algorithm>

namespace frpx::balance {
namespace {

std::uint64_t at_least_one(std::uint32_t weight) {
  return std::max<std::uint32_t>(weight, 1);
}

}  // namespace

odds::odds(std::span<const std::uint32_t> weights) {
  if (weights.empty()) return;
  const auto differs = [&](std::uint32_t one) {
    return at_least_one(one) != at_least_one(weights.front());
  };
  if (std::none_of(weights.begin(), weights.end(), differs)) return;
  // In units in which each slot holds `total` and each weight is worth `count` of them.
  std::uint64_t total = 0;
  for (const std::uint32_t each : weights) total += at_least_one(each);
  std::vector<std::uint64_t> left(weights.size());
  std::vector<std::uint32_t> small;
  std::vector<std::uint32_t> large;
  for (std::uint32_t i = 0; i < weights.size(); ++i) {
    left[i] = at_least_one(weights[i]) * weights.size();
    (left[i] < total ? small : large).push_back(i);
  }
  slots_.resize(weights.size());
  while (!small.empty() && !large.empty()) {
    const std::uint32_t poor = small.back();
    const std::uint32_t rich = large.back();
    small.pop_back();
    slots_[poor].own =
        static_cast<std::uint64_t>((static_cast<unsigned __int128>(left[poor]) << 64) / total);
    slots_[poor].other = rich;
    left[rich] -= total - left[poor];
    if (left[rich] >= total) continue;
    large.pop_back();
    small.push_back(rich);
  }
}

}  // namespace frpx::balance
