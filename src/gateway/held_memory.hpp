// A bound on what one worker's requests hold together.
#pragma once

#include <cstddef>
#include <utility>

namespace frpx::gateway {

/// Requests are held while their model is looked for and while they may have to be repeated. Each
/// has a bound of its own; together they have this one, beyond which a request is passed on as it
/// comes. Touched by its worker only.
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
      of_.used_ += bytes;
      of_.used_ -= std::exchange(bytes_, bytes);
      return of_.used_ <= of_.most_;
    }

   private:
    held_memory& of_;
    std::size_t bytes_ = 0;
  };

  std::size_t used() const { return used_; }

 private:
  const std::size_t most_;
  std::size_t used_ = 0;
};

}  // namespace frpx::gateway
