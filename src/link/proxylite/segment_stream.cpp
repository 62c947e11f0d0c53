#include "link/proxylite/segment_stream.hpp"

#include <algorithm>

#include "link/proxylite/connection.hpp"

namespace frpx::link::proxylite {

using net::io_state;

segment_stream::segment_stream(connection& on, std::uint32_t uid)
    : deadline(on.on_.timers()), link_(&on), uid_(uid), held_(on.on_.buffers()) {}

segment_stream::~segment_stream() {
  if (destroyed_ != nullptr) *destroyed_ = true;
  reset();
}

net::read_outcome segment_stream::read(bytes_span scratch) {
  if (error_) return {io_state::failed, {}};
  if (!held_.empty()) {
    const std::size_t size = std::min(held_.size(), scratch.size());
    std::copy_n(held_.bytes().begin(), size, scratch.begin());
    held_.consume(size);
    note_taken(size);
    return {io_state::moved, scratch.first(size)};
  }
  if (!arriving_.empty()) {
    const auto now = arriving_.first(std::min(arriving_.size(), scratch.size()));
    arriving_ = arriving_.subspan(now.size());
    return {io_state::moved, now};
  }
  if (!peer_closed_ && !closed_) return {io_state::blocked, {}};
  read_end_ = true;
  return {io_state::ended, {}};
}

net::write_outcome segment_stream::write(bytes_view bytes) {
  if (error_ || finished_) return {io_state::failed, 0};
  if (peer_closed_) return {io_state::moved, bytes.size()};
  const std::size_t taken = link_->send(uid_, bytes);
  if (taken != 0) return {io_state::moved, taken};
  link_->wait_for_room(*this);
  return {io_state::blocked, 0};
}

// A close ends both directions at the peer. What a local service has ended is over with; a visitor
// who has ended its sending still waits for an answer.
void segment_stream::finish() {
  if (error_ || std::exchange(finished_, true)) return;
  if (peer_closed_) return clear();
  if (link_->side_ == role::server) return set_in(link_->options_.half_close);
  say_close();
  set_in({});  // its owner hears of the other direction's end, but not from inside its own call
}

void segment_stream::say_close() {
  closed_ = true;
  link_->say_close(uid_);
}

void segment_stream::expired() {
  if (link_ == nullptr) return;
  if (peer_closed_) {
    if (!read_end_) return set_in(link_->options_.farewell);  // it takes its time to read
    return fail(make_error_code(boost::system::errc::timed_out));
  }
  if (!closed_ && !held_.empty()) return set_in(link_->options_.half_close);  // slow, not silent
  if (!closed_) say_close();
  tell({true, false, false});
}

void segment_stream::reset() noexcept {
  if (link_ == nullptr) return;
  const bool is_over = finished_ && read_end_;
  if (!peer_closed_ && !closed_) say_close();
  if (!is_over && !error_) error_ = make_error_code(boost::system::errc::connection_aborted);
  leave();
}

void segment_stream::leave() {
  clear();
  connection* const was = std::exchange(link_, nullptr);
  was->held_less(*this, held_.size());
  held_.release();
  was->leave(*this);
}

// --- what the connection tells -------------------------------------------------------------------

void segment_stream::on_data(bytes_view bytes) {
  if (peer_closed_ || closed_ || bytes.empty()) return;
  if (finished_) set_in(link_->options_.half_close);
  if (held_.empty()) {
    bool destroyed = false;
    arriving_ = bytes;
    destroyed_ = &destroyed;
    tell({true, false, false});
    if (destroyed) return;
    destroyed_ = nullptr;
    bytes = std::exchange(arriving_, {});
    if (link_ == nullptr) return;
  }
  if (!bytes.empty()) keep(bytes);
}

void segment_stream::keep(bytes_view bytes) {
  if (held_.empty()) last_taken_ = steady_clock::now();
  held_.append(bytes);
  link_->held_more(*this, bytes.size());
}

void segment_stream::note_taken(std::size_t bytes) {
  if (held_.empty()) held_.release();
  last_taken_ = steady_clock::now();
  link_->held_less(*this, bytes);
}

void segment_stream::on_close() {
  if (std::exchange(peer_closed_, true)) return;
  set_in(link_->options_.farewell);
  tell({true, true, false});
}

void segment_stream::on_writable() {
  waits_ = false;
  tell({false, true, false});
}

void segment_stream::fail(error_code why) {
  if (!error_) error_ = why;
  if (link_ != nullptr) {
    if (!peer_closed_ && !closed_) say_close();
    leave();
  }
  tell({true, true, true});
}

}  // namespace frpx::link::proxylite
