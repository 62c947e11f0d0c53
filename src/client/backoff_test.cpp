#include "client/backoff.hpp"

#include <gtest/gtest.h>

#include <set>

namespace frpx::client {
namespace {

using std::chrono::milliseconds;

TEST(backoff, doubles_within_its_bounds_and_begins_anew) {
  quick_random random(1);
  backoff wait;
  for (int round = 0; round < 2; ++round) {
    milliseconds ceiling{400};
    for (int i = 0; i < 12; ++i) {
      const milliseconds next = wait.next(random);
      EXPECT_GE(next, ceiling / 2) << i;
      EXPECT_LE(next, ceiling) << i;
      ceiling = std::min(2 * ceiling, backoff::longest);
    }
    wait.reset();
  }
}

TEST(backoff, clients_that_lost_one_server_do_not_return_in_step) {
  std::set<milliseconds> waits;
  for (std::uint64_t seed = 0; seed < 100; ++seed) {
    quick_random random(seed);
    waits.insert(backoff().next(random));
  }
  EXPECT_GT(waits.size(), 50u);
}

}  // namespace
}  // namespace frpx::client
