#include "link/linked_stream.hpp"

#include <array>
#include <cstring>

#include "link/connection.hpp"

namespace frpx::link {

using net::io_state;

linked_stream::~linked_stream() {
  if (destroyed_ != nullptr) *destroyed_ = true;
  if (link_ != nullptr) {
    link_->machine_.reset(id_, reset_code::cancelled);
    leave();
  }
  reset();
  if (listed_) owns_.leave(*this);
}

net::read_outcome linked_stream::read(bytes_span scratch) {
  if (!arriving_.empty()) {
    const auto now = arriving_.first(std::min(arriving_.size(), scratch.size()));
    arriving_ = arriving_.subspan(now.size());
    return {io_state::moved, now};
  }
  if (!reads_own_) {
    if (const auto got = read_link(scratch); got.state != io_state::blocked || !reads_own_)
      return got;
  }
  if (error_) return {io_state::failed, {}};
  const auto got = own_->read(scratch);
  if (got.state == io_state::failed) give_up(own_->error());
  return got;
}

net::read_outcome linked_stream::read_link(bytes_span scratch) {
  std::array<iovec, 16> parts;
  const std::size_t count = link_ == nullptr ? 0 : link_->machine_.pending(id_, parts);
  std::size_t copied = 0;
  for (std::size_t i = 0; i < count && copied < scratch.size(); ++i) {
    const std::size_t size = std::min(parts[i].iov_len, scratch.size() - copied);
    std::memcpy(scratch.data() + copied, parts[i].iov_base, size);
    copied += size;
  }
  if (copied != 0) {
    link_->flush_soon();
    take_in(link_->machine_.consumed(id_, copied));
    return {io_state::moved, scratch.first(copied)};
  }
  // Who is told of the last end may let go of the stream, which is too early for the peer as long
  // as it has not said its count.
  if (read_end_ && !awaits_count()) return {io_state::ended, {}};
  if (!error_) return {io_state::blocked, {}};
  if (link_ != nullptr) leave();
  return {io_state::failed, {}};
}

net::write_outcome linked_stream::write(bytes_view bytes) {
  if (error_ || finished_) return {io_state::failed, 0};
  if (sends_own_) {
    // What cannot be written ends nothing: the service may have said why.
    return own_ == nullptr ? net::write_outcome{io_state::failed, 0} : own_->write(bytes);
  }
  const std::size_t taken = link_->machine_.send(id_, bytes);
  if (taken == 0) return {io_state::blocked, 0};
  link_->flush_soon();
  return {io_state::moved, taken};
}

void linked_stream::finish() {
  if (error_ || std::exchange(finished_, true)) return;
  if (sends_own_) {
    if (own_ != nullptr) own_->finish();
    return;
  }
  link_->machine_.finish(id_);
  link_->flush_soon();
  leave_if_over();
}

void linked_stream::reset() noexcept {
  const bool is_over = (read_end_ || reads_own_) && finished_ && own_ == nullptr;
  if (!error_ && !is_over) error_ = make_error_code(boost::system::errc::connection_aborted);
  if (link_ != nullptr) {
    link_->machine_.reset_behind(id_, reset_code::cancelled);
    leave();
  }
  drop_own();
}

// A reset for the peer, unless both directions of the own connection have ended.
void linked_stream::drop_own() {
  if (own_ == nullptr) return;
  own_.reset();
  if (listed_) owns_.leave(*this);
}

void linked_stream::begin_message() {
  if (link_ != nullptr) link_->machine_.message_began(id_);
}

net::socket* linked_stream::plain_socket() noexcept {
  return link_ == nullptr && sends_own_ && reads_own_ ? own_.get() : nullptr;
}

void linked_stream::answer(open_status status) {
  if (link_ == nullptr) return;
  link_->flush_soon();
  confirmed_ = status == open_status::connected;
  take_in(link_->machine_.opened(id_, status));
  if (confirmed_) return;
  error_ = error_of(status);
  leave();
}

// --- what the link tells -------------------------------------------------------------------------

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
  take_in(intake::ended);
  tell({true, false, false});
}

void linked_stream::on_reset(stream_id, reset_code) {
  fail(make_error_code(boost::system::errc::connection_reset));
}

void linked_stream::on_writable(stream_id) {
  tell({false, true, false});
}

void linked_stream::on_bulk(stream_id) {
  link_->order_own(*this);
}

void linked_stream::on_move(stream_id, const uuid& one_time_id) {
  link_->observer_.on_link_move(*link_, *this, one_time_id);
}

void linked_stream::on_moved(stream_id) {
  take_in(intake::moved);
  tell({true, false, false});
}

// --- the own connection --------------------------------------------------------------------------

bool linked_stream::wants_own() const {
  return link_ != nullptr && own_ == nullptr && link_->machine_.may_move(id_);
}

void linked_stream::take_own(std::unique_ptr<net::socket> own) {
  if (!wants_own() || !owns_.enter(*this)) return;
  own_ = std::move(own);
  own_->watch(&own_watch_);
  if (link_->is_server() && !say_count()) return lose_own();
  on_own_ready({true, true, false});
}

// Says how many of our bytes went by the link; what comes after them goes by the own connection.
bool linked_stream::say_count() {
  std::array<std::byte, count_size> count;
  const auto framed = link_->machine_.framed(id_);
  if (!framed) return false;
  store_big(*framed, count.data());
  const auto sent = own_->write(count);
  if (sent.state != io_state::moved || sent.bytes != count.size()) return false;
  link_->machine_.move_sent(id_);
  link_->flush_soon();
  sends_own_ = true;
  if (finished_) own_->finish();
  return true;
}

// Reads exactly the peer's count; true once it is known.
bool linked_stream::read_count() {
  while (count_read_ < count_size) {
    const auto got = own_->read(bytes_span(count_).subspan(count_read_));
    if (got.state == io_state::blocked) return false;
    if (got.state != io_state::moved) {
      lose_own();
      return false;
    }
    count_read_ += got.bytes.size();
  }
  return true;
}

void linked_stream::on_own_ready(readiness what) {
  if (count_read_ < count_size) {
    if (!read_count()) return;
    if (!link_->is_server() && !say_count()) return lose_own();
    const auto now = link_->machine_.move_received(id_, load_big<std::uint64_t>(count_.data()));
    link_->flush_soon();
    if (!now) return break_off();
    count_known_ = true;
    take_in(*now);
    what = {true, true, what.broken};
  }
  tell({what.readable && (reads_own_ || read_end_), what.writable && sends_own_, what.broken});
}

// Before our count is said, the link goes on. Afterwards nothing can be written any more, and the
// stream fails unless the link carries all of it; but what comes by the link is read first.
void linked_stream::lose_own() {
  drop_own();
  count_read_ = 0;
  if (!sends_own_) return;
  sends_own_ = !finished_;
  link_->machine_.move_lost(id_);
  leave_if_over();
  tell({true, true, false});
}

// --- ends ----------------------------------------------------------------------------------------

void linked_stream::take_in(intake now) {
  if (now == intake::ended) read_end_ = true;
  if (now == intake::moved) reads_own_ = true;
  leave_if_over();
}

// The link has nothing more to tell of a stream whose directions have both ended on it, or left it.
// An own connection on which we said nothing is not needed in the first case.
void linked_stream::leave_if_over() {
  const bool sending_over = sends_own_ ? count_known_ : finished_;
  if (link_ == nullptr || !sending_over || !(read_end_ || reads_own_)) return;
  leave();
  if (!sends_own_) drop_own();
}

void linked_stream::leave() {
  connection* const was = std::exchange(link_, nullptr);
  was->flush_soon();
  was->go_if_done();
}

// Nothing of the stream is any good, whatever way it goes by now.
void linked_stream::break_off() {
  give_up(make_error_code(boost::system::errc::connection_reset));
  tell({true, true, true});
}

// The link knows that the stream is no more. What it has brought may still be read.
void linked_stream::fail(error_code why) {
  if (!error_) error_ = why;
  std::array<iovec, 1> part;
  if (link_ != nullptr && link_->machine_.pending(id_, part) == 0) leave();
  drop_own();
  tell({true, true, true});
}

// Who called us learns it from the outcome, and must not be told from inside its own call.
void linked_stream::give_up(error_code why) {
  if (!error_) error_ = why;
  if (link_ != nullptr) {
    link_->machine_.reset(id_, reset_code::own_connection_lost);
    leave();
  }
  drop_own();
}

}  // namespace frpx::link
