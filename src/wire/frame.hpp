// Frames of the frpx dialect: `u32 length, big endian`, then so many bytes of JSON
// (docs/wire.md).
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/bytes.hpp"
#include "core/result.hpp"

namespace frpx::wire {

inline constexpr std::size_t frame_limit_before_login = 64 * 1024;
inline constexpr std::size_t frame_limit = 1024 * 1024;
inline constexpr std::size_t frame_header_size = 4;

/// The buffer that a connection is read into while it speaks in frames, whatever their header.
///
/// Memory follows what has arrived, not what a peer announces, and goes back once the frames are
/// taken: an idle session holds `idle_size`. No I/O and no thread of its own: whoever owns the
/// connection calls it, one call at a time.
class frame_buffer {
 public:
  static constexpr std::size_t idle_size = 1024;
  /// So little is read at once, whatever the buffer holds: a turn of the worker, which is a number
  /// of reads, then brings a bounded number of small frames.
  static constexpr std::size_t most_at_once = 16 * 1024;

  /// Where to read into: never empty. Valid until the next call that is not const. Ends the life of
  /// the text that `next` of a reader gave.
  bytes_span prepare();

  /// `size` bytes of what prepare() gave were filled.
  void commit(std::size_t size);

  /// What was read behind the last frame that was given. Lives as long as that frame's text. The
  /// bytes may belong to something else than frames: a stream, a link, a tunnel.
  bytes_view rest() const;

  /// Bytes of memory held.
  std::size_t memory() const { return buffer_.size(); }

 protected:
  ~frame_buffer() = default;
  /// The first `size` bytes of rest() were used.
  void take(std::size_t size) { begin_ += size; }

 private:
  std::vector<std::byte> buffer_;  // its size is what may be used; [begin_, end_) is unread
  std::size_t begin_ = 0;
  std::size_t end_ = 0;
};

/// Cuts the bytes of a connection into frames.
///
///     for (;;) {
///       while (auto json = co_try(reader.next())) handle(*json);
///       reader.commit(co_await socket.read(reader.prepare()));
///     }
class frame_reader final : public frame_buffer {
 public:
  explicit frame_reader(std::size_t limit = frame_limit_before_login) : limit_(limit) {}

  /// From now on frames may have up to `limit` bytes of JSON.
  void set_limit(std::size_t limit) { limit_ = limit; }

  /// The JSON of the next whole frame, or nothing when more bytes are needed. The text lives until
  /// prepare() is called. `errc::empty_frame` and `errc::frame_too_long` are final: the connection
  /// must be closed.
  result<std::optional<std::string_view>> next();

 private:
  std::size_t limit_;
};

/// The bytes of one frame around `json`.
std::string encode_frame(std::string_view json);

}  // namespace frpx::wire
