// Datagrams that wait.
#pragma once

#include <cstring>
#include <vector>

#include "core/bytes.hpp"

namespace frpx::net {

/// A queue of datagrams within a bound; when it is full the oldest go, for what is newest is worth
/// most to whoever waits. It holds memory only while it holds datagrams, at most four times its
/// bound.
class datagram_queue {
 public:
  /// `most`: bytes, each datagram with 4 more.
  explicit datagram_queue(std::size_t most) : most_(most) {}

  /// Puts `head` and `body` in as one datagram; returns how many were lost for it. One that exceeds
  /// the bound alone is lost itself.
  std::size_t push(bytes_view head, bytes_view body) {
    const std::size_t size = prefix + head.size() + body.size();
    if (size > most_) return 1;
    std::size_t lost = 0;
    for (; bytes_.size() - begin_ + size > most_; ++lost) pop();
    if (begin_ > most_) compact();
    store_big(static_cast<std::uint32_t>(size - prefix), put(prefix));
    append(head);
    append(body);
    return lost;
  }
  std::size_t push(bytes_view datagram) { return push({}, datagram); }

  bool empty() const { return begin_ == bytes_.size(); }
  /// The oldest; the queue is not empty. Valid until the next push or pop.
  bytes_view front() const { return {bytes_.data() + begin_ + prefix, front_size()}; }
  /// Calls `f` with each, the oldest first.
  template <class F>
  void each(F f) const {
    for (std::size_t at = begin_; at < bytes_.size();) {
      const std::size_t size = load_big<std::uint32_t>(bytes_.data() + at);
      f(bytes_view(bytes_).subspan(at + prefix, size));
      at += prefix + size;
    }
  }
  void pop() {
    begin_ += prefix + front_size();
    if (empty()) clear();
  }
  void clear() {
    std::vector<std::byte>().swap(bytes_);
    begin_ = 0;
  }

 private:
  static constexpr std::size_t prefix = 4;

  std::uint32_t front_size() const { return load_big<std::uint32_t>(bytes_.data() + begin_); }
  void compact() {
    bytes_.erase(bytes_.begin(), bytes_.begin() + static_cast<std::ptrdiff_t>(begin_));
    begin_ = 0;
  }
  std::byte* put(std::size_t size) {
    bytes_.resize(bytes_.size() + size);
    return bytes_.data() + bytes_.size() - size;
  }
  void append(bytes_view bytes) {
    if (!bytes.empty()) std::memcpy(put(bytes.size()), bytes.data(), bytes.size());
  }

  const std::size_t most_;
  std::vector<std::byte> bytes_;
  std::size_t begin_ = 0;
};

}  // namespace frpx::net
