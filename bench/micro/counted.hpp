// Every microbenchmark also says how often it allocates.
#pragma once

#include <benchmark/benchmark.h>

#include <cstddef>

namespace frpx::bench {

/// Heap allocations of the program so far.
std::size_t allocations();

/// Counts the allocations of a benchmark's loop and reports them per iteration as `allocs`. Made
/// right before the loop, after what is kept has been made.
class counted {
 public:
  explicit counted(benchmark::State& state) : state_(state), before_(allocations()) {}
  counted(const counted&) = delete;
  ~counted() {
    state_.counters["allocs"] = benchmark::Counter(static_cast<double>(allocations() - before_),
                                                   benchmark::Counter::kAvgIterations);
  }

 private:
  benchmark::State& state_;
  const std::size_t before_;
};

}  // namespace frpx::bench
