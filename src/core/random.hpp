// Random numbers: the system's for secrets and ids, a fast one for choices.
#pragma once

#include <cstdint>
#include <string>

#include "core/bytes.hpp"

namespace frpx {

/// Fills `into` from the system's random source: for ids, keys and tokens.
void fill_random(bytes_span into);

/// `count` random bytes in lower-case hexadecimal.
std::string random_hex(std::size_t count);

/// A fast generator (xoshiro256**, https://prng.di.unimi.it) for choices that an attacker gains
/// nothing by guessing: load balancing, jitter. One per worker; satisfies
/// UniformRandomBitGenerator.
class quick_random {
 public:
  using result_type = std::uint64_t;
  quick_random();  ///< Seeded from the system's source.
  explicit quick_random(std::uint64_t seed);
  static constexpr result_type min() { return 0; }
  static constexpr result_type max() { return ~result_type{0}; }
  result_type operator()();
  /// Uniform in [0, bound); `bound` is at least 1.
  std::uint32_t below(std::uint32_t bound) {
    return static_cast<std::uint32_t>(((*this)() >> 32) * bound >> 32);
  }

 private:
  std::uint64_t state_[4];
};

}  // namespace frpx
