// Bytes that wait, in memory that is borrowed.
#pragma once

#include <algorithm>
#include <cstring>
#include <memory>
#include <utility>
#include <vector>

#include "core/bytes.hpp"

namespace frpx::net {

/// Blocks of one size for the buffers of a worker; keeps up to `most_spare` of them.
class buffer_pool {
 public:
  static constexpr std::size_t block_size = 40 * 1024;  // an HTTP head at its limit, and a little
  static constexpr std::size_t most_spare = 256;        // for some 80 requests in flight

  std::unique_ptr<std::byte[]> take() {
    if (spare_.empty()) return std::make_unique_for_overwrite<std::byte[]>(block_size);
    auto block = std::move(spare_.back());
    spare_.pop_back();
    return block;
  }
  void give(std::unique_ptr<std::byte[]> block) {
    if (spare_.size() < most_spare) spare_.push_back(std::move(block));
  }

 private:
  std::vector<std::unique_ptr<std::byte[]>> spare_;
};

/// A queue of bytes in one piece of memory, which it holds only while it needs it: an empty buffer
/// that was released costs nothing, and its block serves the next connection. The owner bounds it.
class buffer {
 public:
  explicit buffer(buffer_pool& pool) : pool_(pool) {}
  buffer(const buffer&) = delete;
  buffer& operator=(const buffer&) = delete;
  ~buffer() { release(); }

  bool empty() const { return begin_ == end_; }
  std::size_t size() const { return end_ - begin_; }
  bytes_view bytes() const { return {memory_.get() + begin_, size()}; }
  /// The same, to be written over.
  bytes_span writable() { return {memory_.get() + begin_, size()}; }

  /// Room for at least `least` more bytes behind those that are there; the span may be larger.
  bytes_span prepare(std::size_t least) {
    if (capacity_ - end_ < least) make_room(least);
    return {memory_.get() + end_, capacity_ - end_};
  }
  /// The first `count` bytes of what `prepare` gave are in use.
  void commit(std::size_t count) { end_ += count; }
  void append(bytes_view bytes) {
    if (bytes.empty()) return;
    std::memcpy(prepare(bytes.size()).data(), bytes.data(), bytes.size());
    commit(bytes.size());
  }
  /// Drops `count` bytes from the front.
  void consume(std::size_t count) {
    begin_ += count;
    if (begin_ == end_) begin_ = end_ = 0;
  }
  void clear() { begin_ = end_ = 0; }
  /// Drops all bytes and gives the memory back.
  void release() {
    clear();
    if (capacity_ == buffer_pool::block_size) pool_.give(std::move(memory_));
    memory_.reset();
    capacity_ = 0;
  }
  std::size_t memory() const { return capacity_; }
  /// What `memory` will be once `least` bytes were prepared.
  std::size_t memory_for(std::size_t least) const {
    return capacity_ - end_ >= least ? capacity_ : capacity_for(size() + least);
  }

 private:
  std::size_t capacity_for(std::size_t needed) const {
    if (needed <= capacity_) return capacity_;
    return needed <= buffer_pool::block_size ? buffer_pool::block_size
                                             : std::max(needed, 2 * capacity_);
  }
  void make_room(std::size_t least) {
    const std::size_t needed = size() + least;
    if (needed <= capacity_) {
      std::memmove(memory_.get(), memory_.get() + begin_, size());
    } else {
      const bool fits_block = needed <= buffer_pool::block_size;
      const std::size_t wanted = capacity_for(needed);
      auto larger = fits_block ? pool_.take() : std::make_unique_for_overwrite<std::byte[]>(wanted);
      if (!empty()) std::memcpy(larger.get(), memory_.get() + begin_, size());
      if (capacity_ == buffer_pool::block_size) pool_.give(std::move(memory_));
      memory_ = std::move(larger);
      capacity_ = wanted;
    }
    end_ -= begin_;
    begin_ = 0;
  }

  buffer_pool& pool_;
  std::unique_ptr<std::byte[]> memory_;
  std::size_t capacity_ = 0;
  std::size_t begin_ = 0;
  std::size_t end_ = 0;
};

}  // namespace frpx::net
