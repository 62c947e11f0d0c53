#include "link/pages.hpp"

#include <algorithm>
#include <cassert>
#include <cstring>
#include <new>

namespace frpx::link {

page* page_pool::take() {
  if (free_ == nullptr) {
    ++pages_;
    return new (::operator new(sizeof(page) + capacity_)) page;
  }
  page* taken = free_;
  free_ = taken->next;
  --free_count_;
  *taken = page{};
  return taken;
}

void page_pool::put(page* used) {
  if (free_count_ == kept_) {
    ::operator delete(used);
    --pages_;
    return;
  }
  used->next = free_;
  free_ = used;
  ++free_count_;
}

void page_pool::trim() {
  while (free_ != nullptr) {
    page* gone = free_;
    free_ = gone->next;
    ::operator delete(gone);
    --pages_;
  }
  free_count_ = 0;
}

void byte_queue::append(page_pool& pool, bytes_view bytes) {
  while (!bytes.empty()) {
    if (tail_ == nullptr || tail_->end == pool.capacity()) {
      page* fresh = pool.take();
      (tail_ == nullptr ? head_ : tail_->next) = fresh;
      tail_ = fresh;
    }
    const std::size_t part = std::min<std::size_t>(bytes.size(), pool.capacity() - tail_->end);
    std::memcpy(tail_->bytes() + tail_->end, bytes.data(), part);
    tail_->end += static_cast<std::uint32_t>(part);
    size_ += part;
    bytes = bytes.subspan(part);
  }
}

void byte_queue::consume(page_pool& pool, std::size_t count) {
  assert(count <= size_);
  size_ -= count;
  while (head_ != nullptr) {
    const std::size_t part = std::min<std::size_t>(count, head_->used());
    head_->begin += static_cast<std::uint32_t>(part);
    count -= part;
    if (head_->used() > 0) return;
    page* gone = head_;
    head_ = gone->next;
    pool.put(gone);
  }
  tail_ = nullptr;
}

void byte_queue::peek(bytes_span into) const {
  assert(into.size() <= size_);
  for (const page* from = head_; !into.empty(); from = from->next) {
    const std::size_t part = std::min<std::size_t>(into.size(), from->used());
    std::memcpy(into.data(), from->bytes() + from->begin, part);
    into = into.subspan(part);
  }
}

std::size_t byte_queue::view(std::span<iovec> into) const {
  std::size_t filled = 0;
  for (page* from = head_; from != nullptr && filled < into.size(); from = from->next) {
    into[filled++] = {from->bytes() + from->begin, from->used()};
  }
  return filled;
}

}  // namespace frpx::link
