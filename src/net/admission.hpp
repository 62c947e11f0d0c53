// How many of a kind may be here at once.
#pragma once

#include <atomic>
#include <cstddef>
#include <optional>
#include <utility>

namespace frpx::net {

/// A counter with a maximum. Any thread; outlives its tickets.
class admission {
 public:
  explicit admission(std::size_t most) : most_(most) {}
  admission(const admission&) = delete;
  admission& operator=(const admission&) = delete;

  /// One place, until it goes.
  class ticket {
   public:
    ticket(ticket&& other) noexcept : owner_(std::exchange(other.owner_, nullptr)) {}
    ticket& operator=(ticket&&) = delete;
    ~ticket() {
      if (owner_ != nullptr) owner_->inside_.fetch_sub(1, std::memory_order_relaxed);
    }

   private:
    friend class admission;
    explicit ticket(admission& owner) : owner_(&owner) {}
    admission* owner_;
  };

  /// Nothing when it is full.
  std::optional<ticket> enter() {
    if (inside_.fetch_add(1, std::memory_order_relaxed) < most_) return ticket(*this);
    inside_.fetch_sub(1, std::memory_order_relaxed);
    return std::nullopt;
  }
  std::size_t inside() const { return inside_.load(std::memory_order_relaxed); }
  std::size_t most() const { return most_; }

 private:
  const std::size_t most_;
  std::atomic<std::size_t> inside_{0};
};

}  // namespace frpx::net
