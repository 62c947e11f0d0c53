// The frames in the bytes of a connection.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>

#include "core/bytes.hpp"

namespace frpx::http::h2 {

/// Walks over the frames of one connection, from header to header. nghttp2 tells only of frames
/// that it makes something of; one of an unknown type, or on a stream that has ended, costs its
/// bytes and its time all the same, and whoever counts frames must see it.
class frame_counter {
 public:
  /// `skip` bytes stand before the first frame: the preface.
  explicit frame_counter(std::size_t skip) : skip_(skip) {}

  /// How many frames' headers end in `bytes`, which follow those of the last call.
  std::size_t count(bytes_view bytes) {
    std::size_t frames = 0;
    while (!bytes.empty()) {
      const std::size_t passed = std::min(skip_, bytes.size());
      skip_ -= passed;
      bytes = bytes.subspan(passed);
      const std::size_t part = std::min(header_.size() - have_, bytes.size());
      std::copy_n(bytes.begin(), part, header_.begin() + static_cast<std::ptrdiff_t>(have_));
      have_ += part;
      bytes = bytes.subspan(part);
      if (have_ < header_.size()) break;
      have_ = 0;
      skip_ = octet(0) << 16 | octet(1) << 8 | octet(2);  // the payload
      ++frames;
    }
    return frames;
  }

 private:
  std::size_t octet(std::size_t at) const { return std::to_integer<std::size_t>(header_[at]); }

  std::size_t skip_;  // bytes before the next header
  std::array<std::byte, 9> header_{};
  std::size_t have_ = 0;
};

}  // namespace frpx::http::h2
