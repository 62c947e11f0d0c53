#include "wire/proxylite/segment.hpp"

#include <algorithm>
#include <cassert>

#include "wire/errc.hpp"
#include "wire/proxylite/message.hpp"

namespace frpx::wire::proxylite {

namespace {

constexpr std::size_t uid_and_close = segment_header_size - header_size;

}  // namespace

void store_segment_header(std::uint32_t uid, std::uint32_t close, std::size_t size, std::byte* to) {
  assert(size <= longest_sent);
  store_little(static_cast<std::uint32_t>(type::data_segment), to);
  store_little(static_cast<std::uint32_t>(size + uid_and_close), to + 4);
  store_little(uid, to + 8);
  store_little(close, to + 12);
}

result<std::optional<segment_piece>> segment_reader::next(bytes_view& bytes) {
  const bool is_inside = header_read_ == segment_header_size;
  if (!is_inside) {
    const std::size_t count = std::min(bytes.size(), segment_header_size - header_read_);
    std::copy_n(bytes.begin(), count, header_.begin() + std::ptrdiff_t(header_read_));
    bytes = bytes.subspan(count);
    header_read_ += count;
    if (const error_code wrong = begin_segment()) return wrong;
    if (header_read_ < segment_header_size) return std::nullopt;
  }
  // What is empty only because nothing of it has come yet is no piece.
  if (bytes.empty() && left_ != 0) return std::nullopt;
  const bytes_view now = bytes.first(std::min(bytes.size(), left_));
  bytes = bytes.subspan(now.size());
  left_ -= now.size();
  if (left_ == 0) header_read_ = 0;
  return segment_piece{uid_, now, closes_ && left_ == 0};
}

// What is wrong shows in the first 8 bytes already: no need to wait for the rest.
error_code segment_reader::begin_segment() {
  if (header_read_ < header_size) return {};
  if (load_little<std::uint32_t>(header_.data()) !=
      static_cast<std::uint32_t>(type::data_segment)) {
    return errc::not_a_segment;
  }
  const std::size_t length = load_little<std::uint32_t>(header_.data() + 4);
  if (length < uid_and_close) return errc::short_segment;
  if (length > longest_segment) return errc::frame_too_long;
  if (header_read_ < segment_header_size) return {};
  left_ = length - uid_and_close;
  uid_ = load_little<std::uint32_t>(header_.data() + 8);
  closes_ = load_little<std::uint32_t>(header_.data() + 12) != 0;
  return {};
}

}  // namespace frpx::wire::proxylite
