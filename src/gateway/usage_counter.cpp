#include "gateway/usage_counter.hpp"

#include <limits>

namespace frpx::gateway {

namespace {
constexpr auto hand_in_every = std::chrono::seconds(2);
}

void usage_counter::add(std::string_view key, std::string_view client, std::string_view model,
                        const store::usage& what) {
  table_.add(key, client, model, std::chrono::floor<std::chrono::hours>(wall_clock::now()), what);
  if (!is_set()) set_in(hand_in_every);
}

void usage_counter::hand_in() {
  inbox_.put(table_.take(std::numeric_limits<std::size_t>::max()));
}

}  // namespace frpx::gateway
