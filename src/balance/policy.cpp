#include "balance/policy.hpp"

#include <array>
#include <vector>

namespace frpx::balance {
namespace {

constexpr std::array<std::pair<std::string_view, policy>, 5> names = {{
    {"random", policy::random},
    {"round-robin", policy::round_robin},
    {"least-inflight", policy::least_inflight},
    {"p2c", policy::p2c},
    {"sticky", policy::sticky},
}};

}  // namespace

std::optional<policy> policy_named(std::string_view name) {
  for (const auto& [text, value] : names) {
    if (text == name) return value;
  }
  return std::nullopt;
}

std::string_view name_of(policy which) {
  return names[static_cast<std::size_t>(which)].first;
}

void field::learn(std::span<const ring::member> members, bool with_ring, const field* former) {
  std::vector<std::uint32_t> weights;
  weights.reserve(members.size());
  for (const ring::member& each : members) weights.push_back(each.weight);
  size_ = members.size();
  odds_ = odds(weights);
  if (with_ring) ring_ = ring(members);
  if (former != nullptr) turn_ = former->turn_.load(std::memory_order_relaxed);
}

}  // namespace frpx::balance
