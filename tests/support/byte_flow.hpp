// Long flows of bytes over non-blocking sockets, checked bit by bit.
#pragma once

#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdint>
#include <cstring>

#include "core/random.hpp"

namespace frpx::test {

/// An endless sequence of bytes that its seed decides.
class byte_sequence {
 public:
  explicit byte_sequence(std::uint64_t seed) : random_(seed) { refill(); }
  /// What comes next, at least one byte.
  bytes_view next() const { return std::as_bytes(std::span(words_)).subspan(used_); }
  void consume(std::size_t count) {
    used_ += count;
    if (used_ == sizeof words_) refill();
  }

 private:
  void refill() {
    for (auto& word : words_) word = random_();
    used_ = 0;
  }
  quick_random random_;
  std::array<std::uint64_t, 32 * 1024> words_;
  std::size_t used_ = 0;
};

/// Sends `total` bytes of a sequence, as far as the socket takes them.
class flow_source {
 public:
  flow_source(int fd, std::uint64_t seed, std::uint64_t total)
      : fd_(fd), sequence_(seed), left_(total) {}
  /// Sends up to `most` bytes and shuts the direction down behind the last.
  void push(std::size_t most = 1 << 20) {
    while (left_ > 0 && most > 0) {
      bytes_view next = sequence_.next();
      next =
          next.first(static_cast<std::size_t>(std::min<std::uint64_t>({next.size(), left_, most})));
      const ssize_t count = ::send(fd_, next.data(), next.size(), MSG_NOSIGNAL);
      if (count < 0) return;
      sequence_.consume(static_cast<std::size_t>(count));
      left_ -= static_cast<std::uint64_t>(count);
      most -= static_cast<std::size_t>(count);
      if (left_ == 0) ::shutdown(fd_, SHUT_WR);
    }
  }
  std::uint64_t left() const { return left_; }

 private:
  int fd_;
  byte_sequence sequence_;
  std::uint64_t left_;
};

/// Receives what a `flow_source` of the same seed sent.
class flow_sink {
 public:
  flow_sink(int fd, std::uint64_t seed) : fd_(fd), sequence_(seed) {}
  /// Takes up to `most` bytes of what has arrived.
  void pull(std::size_t most = 1 << 20) {
    std::array<std::byte, 64 * 1024> bytes;
    while (most > 0 && !ended_) {
      const ssize_t count = ::recv(fd_, bytes.data(), std::min(bytes.size(), most), 0);
      if (count < 0) {
        failure_ = errno == EAGAIN ? 0 : errno;
        return;
      }
      ended_ = count == 0;
      check(bytes_view(bytes).first(static_cast<std::size_t>(count)));
      most -= static_cast<std::size_t>(count);
    }
  }
  std::uint64_t received() const { return received_; }
  bool exact() const { return exact_; }     ///< Every byte so far was the right one.
  bool ended() const { return ended_; }     ///< The end was reached, in order.
  int failure() const { return failure_; }  ///< The errno that ended it, else 0.

 private:
  void check(bytes_view bytes) {
    received_ += bytes.size();
    while (!bytes.empty()) {
      const std::size_t count = std::min(bytes.size(), sequence_.next().size());
      exact_ &= std::memcmp(bytes.data(), sequence_.next().data(), count) == 0;
      sequence_.consume(count);
      bytes = bytes.subspan(count);
    }
  }
  int fd_;
  byte_sequence sequence_;
  std::uint64_t received_ = 0;
  bool exact_ = true;
  bool ended_ = false;
  int failure_ = 0;
};

}  // namespace frpx::test
