#include "link/ledger.hpp"

#include <algorithm>
#include <cassert>

namespace frpx::link {

bool credit_pool::take(promise kind, std::uint64_t bytes) {
  auto& counter = used(kind);
  std::uint64_t before = counter.load(std::memory_order_relaxed);
  do {
    if (bytes > half_ - before) return false;
  } while (!counter.compare_exchange_weak(before, before + bytes, std::memory_order_relaxed));
  return true;
}

void credit_pool::give(promise kind, std::uint64_t bytes) {
  [[maybe_unused]] const auto before = used(kind).fetch_sub(bytes, std::memory_order_relaxed);
  assert(before >= bytes);
}

std::uint64_t credit_pool::taken() const {
  return used_[0].load(std::memory_order_relaxed) + used_[1].load(std::memory_order_relaxed);
}

ledger::~ledger() {
  if (pool_ == nullptr) return;
  for (const promise kind : {promise::floor, promise::extra}) pool_->give(kind, of(kind).drawn);
}

bool ledger::take(promise kind, std::uint64_t bytes) {
  account& at = of(kind);
  if (bytes > half_ - at.used) return false;
  if (const std::uint64_t after = at.used + bytes; pool_ != nullptr && after > at.drawn) {
    const std::uint64_t missing = after - at.drawn;
    const std::uint64_t handful = std::max(missing, draw);
    if (pool_->take(kind, handful)) {
      at.drawn += handful;
    } else if (pool_->take(kind, missing)) {
      at.drawn += missing;
    } else {
      return false;
    }
  }
  at.used += bytes;
  return true;
}

void ledger::give(promise kind, std::uint64_t bytes) {
  account& at = of(kind);
  assert(bytes <= at.used);
  at.used -= bytes;
}

void ledger::trim() {
  if (pool_ == nullptr) return;
  for (const promise kind : {promise::floor, promise::extra}) {
    account& at = of(kind);
    pool_->give(kind, at.drawn - at.used);
    at.drawn = at.used;
  }
}

}  // namespace frpx::link
