// A bound on what all requests hold together.
#pragma once

#include <atomic>
#include <cstddef>
#include <utility>

namespace frpx::gateway {

/// Requests are held while their model is looked for and while they may have to be repeated. Each
/// has a bound of its own; all together have this one (`--model-body-memory`). Any thread.
class held_memory {
 public:
  explicit held_memory(std::size_t most) : most_(most) {}
  held_memory(const held_memory&) = delete;
  held_memory& operator=(const held_memory&) = delete;

  /// What one request holds.
  class share {
   public:
    explicit share(held_memory& of) : of_(of) {}
    share(const share&) = delete;
    share& operator=(const share&) = delete;
    ~share() { resize(0); }

    /// It holds `bytes` now. False: that is too much together, and it should hold no more.
    bool resize(std::size_t bytes) {
      if (bytes == bytes_) return true;
      const std::size_t added = bytes - std::exchange(bytes_, bytes);  // may wrap: so does the sum
      return of_.used_.fetch_add(added, std::memory_order_relaxed) + added <= of_.most_;
    }
    /// It is about to hold `bytes`. False: that would be too much together, and it must not.
    bool try_resize(std::size_t bytes) {
      const std::size_t before = bytes_;
      if (resize(bytes)) return true;
      resize(before);
      return false;
    }

   private:
    held_memory& of_;
    std::size_t bytes_ = 0;
  };

  std::size_t used() const { return used_.load(std::memory_order_relaxed); }
  /// What need not be held may be.
  bool has_plenty() const { return used() <= most_ / 2; }

 private:
  const std::size_t most_;
  std::atomic<std::size_t> used_{0};
};

}  // namespace frpx::gateway
