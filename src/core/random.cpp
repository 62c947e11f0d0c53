#include "core/random.hpp"

#include <sodium.h>

#include <bit>

#include "core/hex.hpp"

namespace frpx {
namespace {

// SplitMix64, the seeding that the authors of xoshiro recommend.
std::uint64_t next_seed(std::uint64_t& state) {
  std::uint64_t z = (state += 0x9e3779b97f4a7c15);
  z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
  z = (z ^ z >> 27) * 0x94d049bb133111eb;
  return z ^ z >> 31;
}

std::uint64_t system_seed() {
  std::byte seed[8];
  fill_random(seed);
  return load_little<std::uint64_t>(seed);
}

}  // namespace

void fill_random(bytes_span into) {
  randombytes_buf(into.data(), into.size());
}

std::string random_hex(std::size_t count) {
  std::string raw(count, '\0');
  fill_random(std::as_writable_bytes(std::span(raw)));
  return to_hex(as_bytes(raw));
}

quick_random::quick_random() : quick_random(system_seed()) {}

quick_random::quick_random(std::uint64_t seed) {
  for (auto& word : state_) word = next_seed(seed);
}

quick_random::result_type quick_random::operator()() {
  const std::uint64_t value = std::rotl(state_[1] * 5, 7) * 9;
  const std::uint64_t shifted = state_[1] << 17;
  state_[2] ^= state_[0];
  state_[3] ^= state_[1];
  state_[1] ^= state_[2];
  state_[0] ^= state_[3];
  state_[2] ^= shifted;
  state_[3] = std::rotl(state_[3], 45);
  return value;
}

}  // namespace frpx
