// Buffers for bytes that a sink has not taken yet.
#pragma once

#include <cstddef>
#include <memory>
#include <vector>

namespace frpx::net {

/// Lends blocks of 64 KiB, so that only a stalled direction holds one, and keeps a few for the
/// next. One worker only; outlives what it lent.
class buffer_pool {
 public:
  static constexpr std::size_t block_size = 64 * 1024;
  static constexpr std::size_t most_kept = 64;

  struct giver {
    buffer_pool* to = nullptr;
    void operator()(std::byte* block) const { to->take_back(block); }
  };
  /// A block that goes back when it is destroyed.
  using block = std::unique_ptr<std::byte[], giver>;

  buffer_pool() { kept_.reserve(most_kept); }
  buffer_pool(const buffer_pool&) = delete;
  buffer_pool& operator=(const buffer_pool&) = delete;

  block take() {
    ++lent_;
    if (kept_.empty()) return block(new std::byte[block_size], giver{this});
    std::byte* last = kept_.back().release();
    kept_.pop_back();
    return block(last, giver{this});
  }

  std::size_t lent() const { return lent_; }
  std::size_t kept() const { return kept_.size(); }

 private:
  void take_back(std::byte* returned) {
    std::unique_ptr<std::byte[]> owned(returned);
    --lent_;
    if (kept_.size() < most_kept) kept_.push_back(std::move(owned));
  }

  std::vector<std::unique_ptr<std::byte[]>> kept_;
  std::size_t lent_ = 0;
};

}  // namespace frpx::net
