#include "link/outbox.hpp"

#include <algorithm>
#include <cassert>
#include <cstring>

namespace frpx::link {

outbox::~outbox() {
  cut_left_ = 0;
  clear_data();
}

bytes_span outbox::prepare(std::size_t limit) {
  const bytes_span room = prepare_whole(std::min(limit, least_room));
  // What a fresh page holds behind the first header is more than any limit.
  const std::size_t left = page_size - tail_->end - header_size;
  return {room.data(), std::min(limit, left)};
}

bytes_span outbox::prepare_whole(std::size_t size) {
  if (tail_ == nullptr || page_size - tail_->end < header_size + size) {
    page* fresh = pool_.take();
    (tail_ == nullptr ? head_ : tail_->next) = fresh;
    tail_ = fresh;
  }
  return {tail_->bytes() + tail_->end + header_size, size};
}

void outbox::commit(stream_id id, frame_type type, std::size_t length) {
  const auto size = static_cast<std::uint32_t>(header_size + length);
  assert(tail_ != nullptr && size <= page_size - tail_->end);
  store_header({id, type, static_cast<std::uint32_t>(length)}, tail_->bytes() + tail_->end);
  tail_->end += size;
  data_size_ += size;
}

void outbox::put(stream_id id, frame_type type, bytes_view payload) {
  const bytes_span room = prepare_whole(payload.size());
  std::copy(payload.begin(), payload.end(), room.begin());
  commit(id, type, payload.size());
}

std::size_t outbox::drop(stream_id id) {
  std::size_t dropped = 0;
  std::uint32_t skip = cut_left_;
  for (page* at = head_; at != nullptr; at = at->next) {
    std::uint32_t from = at->begin + skip;
    std::uint32_t to = from;
    skip = 0;
    while (from < at->end) {
      const frame_header header = load_header(at->bytes() + from);
      const auto size = static_cast<std::uint32_t>(header_size + header.length);
      if (header.stream == id) {
        ++dropped;
        data_size_ -= size;
      } else {
        if (to != from) std::memmove(at->bytes() + to, at->bytes() + from, size);
        to += size;
      }
      from += size;
    }
    at->end = to;
  }
  pop_empty_pages();
  return dropped;
}

void outbox::clear_data() {
  // A frame that is partly written stays, or its rest would be missed.
  page* at = head_;
  if (cut_left_ > 0) {
    head_->end = head_->begin + cut_left_;
    at = head_->next;
    head_->next = nullptr;
    tail_ = head_;
  } else {
    head_ = tail_ = nullptr;
  }
  while (at != nullptr) {
    page* gone = at;
    at = gone->next;
    pool_.put(gone);
  }
  data_size_ = cut_left_;
}

std::byte* outbox::stage() {
  if (!control_) control_ = std::make_unique_for_overwrite<std::byte[]>(control_capacity);
  if (control_capacity - control_end_ < longest_control) return nullptr;
  return control_.get() + control_end_;
}

std::size_t outbox::gather(std::span<iovec> into, bool with_data) {
  std::size_t filled = 0;
  if (cut_left_ > 0) into[filled++] = {head_->bytes() + head_->begin, cut_left_};
  if (control_size() > 0) into[filled++] = {control_.get() + control_begin_, control_size()};
  if (!with_data) return filled;
  std::uint32_t skip = cut_left_;
  for (page* at = head_; at != nullptr && filled < into.size(); at = at->next) {
    if (at->used() > skip) into[filled++] = {at->bytes() + at->begin + skip, at->used() - skip};
    skip = 0;
  }
  return filled;
}

std::size_t outbox::take(std::size_t count) {
  head_->begin += static_cast<std::uint32_t>(count);
  data_size_ -= count;
  pop_empty_pages();
  return count;
}

void outbox::pop_empty_pages() {
  while (head_ != nullptr && head_->used() == 0) {
    page* gone = head_;
    head_ = gone->next;
    pool_.put(gone);
  }
  if (head_ == nullptr) tail_ = nullptr;
}

void outbox::trim() {
  if (!empty()) return;
  pool_.trim();
  control_.reset();
}

}  // namespace frpx::link
