// What has been promised to peers, and how much may be.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>

namespace frpx::link {

/// Promises come in two kinds, and each has half of a bound for itself: the floor, which every
/// stream keeps while it lives so that none can starve, and extra, which makes a stream fast.
enum class promise : std::uint8_t { floor, extra };

/// The program's bound over all its links. Any thread may call it.
class credit_pool {
 public:
  explicit credit_pool(std::uint64_t bound) : half_(bound / 2) {}

  bool take(promise kind, std::uint64_t bytes);
  void give(promise kind, std::uint64_t bytes);
  std::uint64_t taken() const;

 private:
  std::atomic<std::uint64_t>& used(promise kind) { return used_[static_cast<std::size_t>(kind)]; }

  std::uint64_t half_;
  std::array<std::atomic<std::uint64_t>, 2> used_{};
};

/// One link's promises. It draws on the program's pool by the mebibyte, so that workers do not
/// fight over its counters for every message, and gives back at `trim` what it does not use.
class ledger {
 public:
  ledger(std::uint64_t bound, credit_pool* pool) : half_(bound / 2), pool_(pool) {}
  ~ledger();
  ledger(const ledger&) = delete;
  ledger& operator=(const ledger&) = delete;

  /// Reserves `bytes` if both bounds have room for them.
  bool take(promise kind, std::uint64_t bytes);
  void give(promise kind, std::uint64_t bytes);
  void trim();
  std::uint64_t used(promise kind) const { return accounts_[static_cast<std::size_t>(kind)].used; }
  std::uint64_t used() const { return used(promise::floor) + used(promise::extra); }

 private:
  static constexpr std::uint64_t draw = 1 << 20;
  struct account {
    std::uint64_t used = 0;
    std::uint64_t drawn = 0;  ///< From the pool; `used` or more.
  };
  account& of(promise kind) { return accounts_[static_cast<std::size_t>(kind)]; }

  std::uint64_t half_;
  credit_pool* pool_;
  std::array<account, 2> accounts_;
};

}  // namespace frpx::link
