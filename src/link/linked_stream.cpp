#include "link/linked_stream.hpp"

#include <array>
#include <cstring>

#include "link/connection.hpp"

namespace frpx::link {

using net::io_state;

linked_stream::~linked_stream() {
  if (destroyed_ != nullptr) *destroyed_ = true;
  reset();
}

net::read_outcome linked_stream::read(bytes_span scratch) {
  if (!arriving_.empty()) {
    const auto now = arriving_.first(std::min(arriving_.size(), scratch.size()));
    arriving_ = arriving_.subspan(now.size());
    return {io_state::moved, now};
  }
  if (link_ != nullptr) {
    std::array<iovec, 16> parts;
    const std::size_t count = link_->machine_.pending(id_, parts);
    std::size_t copied = 0;
    for (std::size_t i = 0; i < count && copied < scratch.size(); ++i) {
      const std::size_t size = std::min(parts[i].iov_len, scratch.size() - copied);
      std::memcpy(scratch.data() + copied, parts[i].iov_base, size);
      copied += size;
    }
    if (copied != 0) {
      if (link_->machine_.consumed(id_, copied) == intake::ended) read_end_ = true;
      link_->flush_soon();
      if (read_end_ && finished_) leave();
      return {io_state::moved, scratch.first(copied)};
    }
  }
  if (read_end_) return {io_state::ended, {}};
  if (error_) return {io_state::failed, {}};
  return {io_state::blocked, {}};
}

net::write_outcome linked_stream::write(bytes_view bytes) {
  if (error_ || link_ == nullptr || finished_) return {io_state::failed, 0};
  const std::size_t taken = link_->machine_.send(id_, bytes);
  if (taken == 0) return {io_state::blocked, 0};
  link_->flush_soon();
  return {io_state::moved, taken};
}

void linked_stream::finish() {
  if (link_ == nullptr || std::exchange(finished_, true)) return;
  link_->machine_.finish(id_);
  link_->flush_soon();
  if (read_end_) leave();
}

void linked_stream::reset() noexcept {
  if (link_ == nullptr) return;
  link_->machine_.reset(id_, reset_code::cancelled);
  if (!error_) error_ = make_error_code(boost::system::errc::connection_aborted);
  leave();
}

void linked_stream::answer(open_status status) {
  if (link_ == nullptr) return;
  link_->flush_soon();
  if (link_->machine_.opened(id_, status) == intake::ended) read_end_ = true;
  confirmed_ = status == open_status::connected;
  if (confirmed_) return;
  error_ = error_of(status);
  leave();
}

// The machine has nothing more to tell, or is not to tell it.
void linked_stream::leave() {
  connection* const was = std::exchange(link_, nullptr);
  was->flush_soon();
  was->go_if_done();
}

void linked_stream::fail(error_code why) {
  if (!error_) error_ = why;
  if (link_ != nullptr) leave();
  tell({true, true, true});
}

void linked_stream::on_opened(stream_id, open_status status) {
  if (status != open_status::connected) return fail(error_of(status));
  confirmed_ = true;
  tell({false, true, false});
}

std::size_t linked_stream::on_data(stream_id, bytes_view bytes) {
  bool destroyed = false;
  arriving_ = bytes;
  destroyed_ = &destroyed;
  tell({true, false, false});
  if (destroyed) return bytes.size();
  destroyed_ = nullptr;
  return bytes.size() - std::exchange(arriving_, {}).size();
}

void linked_stream::on_end(stream_id) {
  read_end_ = true;
  if (finished_) leave();
  tell({true, false, false});
}

void linked_stream::on_reset(stream_id, reset_code) {
  fail(make_error_code(boost::system::errc::connection_reset));
}

void linked_stream::on_writable(stream_id) { tell({false, true, false}); }

}  // namespace frpx::link
