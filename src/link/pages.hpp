// Memory for bytes that wait: pages of one size, kept for reuse, and a queue made of them.
#pragma once

#include <sys/uio.h>

#include <span>

#include "core/bytes.hpp"

namespace frpx::link {

struct page {
  page* next = nullptr;
  std::uint32_t begin = 0;  ///< The bytes in use are [begin, end).
  std::uint32_t end = 0;

  std::byte* bytes() { return reinterpret_cast<std::byte*>(this + 1); }
  const std::byte* bytes() const { return reinterpret_cast<const std::byte*>(this + 1); }
  std::uint32_t used() const { return end - begin; }
};

/// Hands out pages of one size, so that the steady state allocates nothing, and keeps a few of
/// those that come back. Every page has to come back before the pool goes.
class page_pool {
 public:
  /// `capacity`: bytes a page holds; `kept`: how many free pages are kept at most.
  page_pool(std::uint32_t capacity, std::size_t kept) : capacity_(capacity), kept_(kept) {}
  ~page_pool() { trim(); }
  page_pool(const page_pool&) = delete;
  page_pool& operator=(const page_pool&) = delete;

  page* take();
  void put(page* used);
  /// Frees what is kept.
  void trim();
  std::uint32_t capacity() const { return capacity_; }
  /// Pages that are in use or kept.
  std::size_t pages() const { return pages_; }

 private:
  std::uint32_t capacity_;
  std::size_t kept_;
  page* free_ = nullptr;
  std::size_t free_count_ = 0;
  std::size_t pages_ = 0;
};

/// A queue of bytes in pages: small when empty, contiguous enough for one `writev`. It has no
/// bound of its own; whoever appends keeps one. `clear` it before it goes.
class byte_queue {
 public:
  std::size_t size() const { return size_; }
  bool empty() const { return size_ == 0; }
  void append(page_pool& pool, bytes_view bytes);
  /// Drops the first `count` bytes, `count` <= `size()`.
  void consume(page_pool& pool, std::size_t count);
  /// Copies the first `into.size()` bytes, which must be there, and leaves them.
  void peek(bytes_span into) const;
  /// Points `into` at the first bytes; returns how many parts were filled.
  std::size_t view(std::span<iovec> into) const;
  void clear(page_pool& pool) { consume(pool, size_); }

 private:
  page* head_ = nullptr;
  page* tail_ = nullptr;
  std::size_t size_ = 0;
};

}  // namespace frpx::link
