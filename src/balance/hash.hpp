// A hash that is the same in every process: for choices that servers must agree on.
#pragma once

#include <cstdint>
#include <string_view>

namespace frpx::balance {

/// Spreads every bit over all others: the finisher of MurmurHash3 (A. Appleby, public domain).
constexpr std::uint64_t mix(std::uint64_t value) {
  value = (value ^ value >> 33) * 0xff51afd7ed558ccd;
  value = (value ^ value >> 33) * 0xc4ceb9fe1a85ec53;
  return value ^ value >> 33;
}

/// FNV-1a (http://www.isthe.com/chongo/tech/comp/fnv), byte by byte and in pieces, then mixed. Not
/// for secrets: who chooses the text can choose its hash.
class text_hasher {
 public:
  constexpr void add(std::string_view bytes) {
    for (const char each : bytes) {
      state_ = (state_ ^ static_cast<unsigned char>(each)) * 0x100000001b3;
    }
  }
  constexpr std::uint64_t value() const { return mix(state_); }

 private:
  std::uint64_t state_ = 0xcbf29ce484222325;
};

constexpr std::uint64_t hash_of(std::string_view text) {
  text_hasher hasher;
  hasher.add(text);
  return hasher.value();
}

}  // namespace frpx::balance
