#include "wire/frame.hpp"

#include <algorithm>
#include <cassert>
#include <cstring>

#include "wire/errc.hpp"

namespace frpx::wire {

bytes_span frame_buffer::prepare() {
  const std::size_t unread = end_ - begin_;
  if (unread < idle_size && buffer_.size() != idle_size) {
    // Large frames are rare: give their memory back rather than keep it for the next one.
    std::vector<std::byte> small(idle_size);
    std::copy_n(buffer_.begin() + static_cast<std::ptrdiff_t>(begin_), unread, small.begin());
    buffer_ = std::move(small);
  } else if (begin_ != 0) {
    std::memmove(buffer_.data(), buffer_.data() + begin_, unread);
  }
  begin_ = 0;
  end_ = unread;
  if (end_ == buffer_.size()) buffer_.resize(2 * buffer_.size());
  return bytes_span(buffer_).subspan(end_, std::min(buffer_.size() - end_, most_at_once));
}

void frame_buffer::commit(std::size_t size) {
  assert(size <= buffer_.size() - end_);
  end_ += size;
}

result<std::optional<std::string_view>> frame_reader::next() {
  const bytes_view unread = rest();
  if (unread.size() < frame_header_size) return std::nullopt;
  const std::size_t length = load_big<std::uint32_t>(unread.data());
  if (length == 0) return errc::empty_frame;
  if (length > limit_) return errc::frame_too_long;
  if (unread.size() - frame_header_size < length) return std::nullopt;
  take(frame_header_size + length);
  return as_text(unread.subspan(frame_header_size, length));
}

bytes_view frame_buffer::rest() const {
  return bytes_view(buffer_).subspan(begin_, end_ - begin_);
}

std::string encode_frame(std::string_view json) {
  std::byte header[frame_header_size];
  store_big(static_cast<std::uint32_t>(json.size()), header);
  std::string frame;
  frame.reserve(sizeof header + json.size());
  frame.append(as_text(header)).append(json);
  return frame;
}

}  // namespace frpx::wire
