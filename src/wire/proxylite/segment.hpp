// Segments: what a proxylite connection carries once it is a tunnel (docs/proxylite.md).
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>

#include "core/bytes.hpp"
#include "core/result.hpp"

namespace frpx::wire::proxylite {

/// `type | length | uid | close`, four bytes each.
inline constexpr std::size_t segment_header_size = 16;
/// Bytes that the public package sends in one segment at most, and takes.
inline constexpr std::size_t longest_sent = 32752;
/// What a receiver takes in one segment, uid and close included.
inline constexpr std::size_t longest_segment = 1024 * 1024;
/// The value of `close` that the public package sends; every one but 0 ends the uid.
inline constexpr std::uint32_t close_mark = 886;

/// Writes the header of a segment of `size` bytes, at most `longest_sent`.
void store_segment_header(std::uint32_t uid, std::uint32_t close, std::size_t size, std::byte* to);

/// A part of a segment, as far as it has arrived.
struct segment_piece {
  std::uint32_t uid = 0;
  bytes_view bytes;   ///< May be empty: an empty segment makes a client dial.
  bool ends = false;  ///< The uid ends, behind `bytes`.
};

/// Reads a tunnel's bytes without waiting for whole segments, so it needs no buffer of its own but
/// for a header.
class segment_reader {
 public:
  /// Takes the next piece off the front of `bytes`; nothing when all of them are used. Errors, all
  /// final: short_segment, frame_too_long, not_a_segment.
  result<std::optional<segment_piece>> next(bytes_view& bytes);

 private:
  error_code begin_segment();

  std::array<std::byte, segment_header_size> header_{};
  std::size_t header_read_ = 0;
  std::size_t left_ = 0;  // bytes of the segment that have not come
  std::uint32_t uid_ = 0;
  bool closes_ = false;
};

}  // namespace frpx::wire::proxylite
