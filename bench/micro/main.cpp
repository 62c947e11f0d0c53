#include "bench/micro/counted.hpp"
#include "tests/support/allocation_count.hpp"

std::size_t frpx::bench::allocations() {
  return test::allocations.load(std::memory_order_relaxed);
}

BENCHMARK_MAIN();
