// Frames that wait for the connection.
#pragma once

#include <sys/uio.h>

#include <memory>
#include <span>

#include "link/frame.hpp"
#include "link/pages.hpp"

namespace frpx::link {

/// Keeps what is to be written in the order of the protocol: the rest of a data frame that is
/// partly written, then control frames, then data frames in the order they were put in.
///
/// Data frames are built in place, in pages that one frame never straddles, so that bytes may be
/// read from a socket straight into them. Control frames are staged in a small buffer just before
/// a write; what is staged counts as written. Whoever puts data in watches `data_size()`.
class outbox {
 public:
  outbox() : pool_(page_size, kept_pages) {}
  ~outbox();
  outbox(const outbox&) = delete;
  outbox& operator=(const outbox&) = delete;

  // --- data ---

  /// Room for a payload of up to `limit` (1 or more) bytes, less only when a page nears its end.
  bytes_span prepare(std::size_t limit);
  /// Like `prepare`, but with all of `size` bytes of room.
  bytes_span prepare_whole(std::size_t size);
  /// Makes a frame of the first `length` bytes prepared.
  void commit(stream_id id, frame_type type, std::size_t length);
  /// A frame with a short payload or none.
  void put(stream_id id, frame_type type, bytes_view payload = {});
  /// Drops a stream's frames but one that is partly written; returns how many.
  std::size_t drop(stream_id id);
  void clear_data();
  std::size_t data_size() const { return data_size_; }

  // --- control ---

  /// Room for one control frame, or null when it has to wait for the next write.
  std::byte* stage();
  void staged(std::size_t size) { control_end_ += static_cast<std::uint32_t>(size); }
  /// How many bytes will have been written in all when everything staged so far is.
  std::uint64_t staged_position() const { return written_ + cut_left_ + control_size(); }

  // --- writing ---

  /// Points `into` (3 or more) at what is to be written; `with_data`: whole data frames too.
  std::size_t gather(std::span<iovec> into, bool with_data);
  /// Takes note of `count` written bytes; calls `done(id)` for every data frame that is through.
  template <class Done>
  void wrote(std::size_t count, Done&& done);
  bool empty() const { return data_size_ == 0 && control_size() == 0; }
  /// Frees what is kept for reuse.
  void trim();
  std::size_t held_bytes() const {
    return pool_.pages() * (page_size + sizeof(page)) + (control_ ? control_capacity : 0);
  }

 private:
  // Four turns of 16 KiB, or one frame of the greatest length, with their headers.
  static constexpr std::uint32_t page_size = 65'600;
  static constexpr std::size_t kept_pages = 6;
  static constexpr std::size_t control_capacity = 16 * 1024;
  /// Below this a page's rest is not worth a frame.
  static constexpr std::size_t least_room = 4096;

  std::size_t control_size() const { return control_end_ - control_begin_; }
  /// Removes the first bytes, of one frame at most; returns how many.
  std::size_t take(std::size_t count);
  void pop_empty_pages();

  page_pool pool_;
  page* head_ = nullptr;
  page* tail_ = nullptr;
  std::size_t data_size_ = 0;
  std::uint32_t cut_left_ = 0;  ///< Bytes left of the data frame that is partly written.
  stream_id cut_stream_ = 0;
  std::unique_ptr<std::byte[]> control_;
  std::uint32_t control_begin_ = 0;
  std::uint32_t control_end_ = 0;
  std::uint64_t written_ = 0;
};

template <class Done>
void outbox::wrote(std::size_t count, Done&& done) {
  written_ += count;
  if (cut_left_ > 0) {
    const std::size_t part = count < cut_left_ ? count : cut_left_;
    cut_left_ -= static_cast<std::uint32_t>(part);
    count -= take(part);
    if (cut_left_ > 0) return;
    done(cut_stream_);
  }
  const std::size_t control = count < control_size() ? count : control_size();
  control_begin_ += static_cast<std::uint32_t>(control);
  if (control_begin_ == control_end_) control_begin_ = control_end_ = 0;
  count -= control;
  while (count > 0) {
    const frame_header header = load_header(head_->bytes() + head_->begin);
    const std::size_t size = header_size + header.length;
    if (count < size) {
      cut_left_ = static_cast<std::uint32_t>(size - count);
      cut_stream_ = header.stream;
      take(count);
      return;
    }
    count -= take(size);
    done(header.stream);
  }
}

}  // namespace frpx::link
