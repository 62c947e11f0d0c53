// What arrives.
#include <algorithm>

#include "link/machine.hpp"

namespace frpx::link {

namespace {

constexpr std::uint32_t most_credit = 16 << 20;
constexpr std::uint32_t most_pings = 1000;  // in a second: a peer asks every few seconds

}  // namespace

std::size_t machine::receive(bytes_view in, steady_time now, std::uint64_t most_frames) {
  const std::size_t size = in.size();
  const std::uint64_t before = statistics_.frames_in;
  wake(now);
  if (failure_due_) fail_as_due();
  if (in.empty() || !reading()) return size;
  liveness_.heard(now);
  while (!in.empty() && reading()) {
    if (left_ > 0) {
      in = take_payload(in);
    } else if (statistics_.frames_in - before >= most_frames) {
      return size - in.size();
    } else if (header_have_ > 0 || in.size() < header_size) {
      in = collect_header(in);
    } else {
      const frame_header header = load_header(in.data());
      in = in.subspan(header_size);
      begin_frame(header);
    }
  }
  return size;
}

bytes_view machine::collect_header(bytes_view in) {
  const std::size_t part = std::min(in.size(), header_size - header_have_);
  std::copy_n(in.begin(), part, header_.begin() + static_cast<std::ptrdiff_t>(header_have_));
  header_have_ += part;
  if (header_have_ == header_size) {
    header_have_ = 0;
    begin_frame(load_header(header_.data()));
  }
  return in.subspan(part);
}

void machine::begin_frame(const frame_header& header) {
  if (!is_sound(header)) return fail(goaway_code::protocol, errc::protocol);
  if (!up_) {
    if (side_ == role::client && header.type != frame_type::ping) {
      return fail(goaway_code::protocol, errc::protocol);
    }
    up_ = true;
    if (side_ == role::client) ask();
    events_.on_up();
  }
  ++statistics_.frames_in;
  frame_ = header;
  left_ = header.length;
  current_ = nullptr;
  if (header.type == frame_type::data) return begin_data();
  if (left_ == 0) handle({});
}

/// Takes as much of the current frame's payload as there is; returns what lies behind it.
bytes_view machine::take_payload(bytes_view in) {
  const std::size_t part = std::min(left_, in.size());
  const bytes_view payload = in.first(part);
  left_ -= part;
  if (frame_.type == frame_type::data) {
    deliver(payload);
  } else if (left_ == 0 && held_.empty()) {
    handle(payload);
  } else {
    held_.insert(held_.end(), payload.begin(), payload.end());
    if (left_ == 0) {
      handle(held_);
      held_.clear();
    }
  }
  return in.subspan(part);
}

void machine::handle(bytes_view payload) {
  switch (frame_.type) {
    case frame_type::open:
      return handle_open(payload);
    case frame_type::opened:
      return handle_opened(payload);
    case frame_type::data:
      return;  // delivered as it comes
    case frame_type::fin:
      return handle_fin();
    case frame_type::rst:
      return handle_reset(payload);
    case frame_type::credit:
      return handle_credit(read_amount(payload));
    case frame_type::give_back:
      return handle_return(read_amount(payload));
    case frame_type::ping:
      if (++pings_ > most_pings) return fail(goaway_code::limit, errc::limit);
      pong_due_ = load_big<std::uint64_t>(payload.data());
      return;
    case frame_type::pong:
      return liveness_.answered(load_big<std::uint64_t>(payload.data()), now_);
    case frame_type::goaway:
      return handle_goaway(payload);
    case frame_type::datagram:
      return handle_datagram(payload);
    case frame_type::move:
      return handle_move(payload);
  }
}

/// The stream that the current frame is for; null when it has ended and the frame is to be dropped,
/// or when it never began and the link has failed.
stream* machine::addressed() {
  if (frame_.stream > (side_ == role::server ? last_left_ : last_id_)) {
    fail(goaway_code::protocol, errc::protocol);
    return nullptr;
  }
  return find_live(frame_.stream);
}

// --- bytes ---------------------------------------------------------------------------------------

void machine::begin_data() {
  stream* s = current_ = addressed();
  if (s == nullptr) return;
  if (s->kind == stream_kind::udp || s->state == stream_state::awaiting || s->receive_fin) {
    return fail(goaway_code::protocol, errc::protocol);
  }
  if (frame_.length > s->window) return fail(goaway_code::limit, errc::limit);
  s->window -= frame_.length;
  s->received += frame_.length;
  if (side_ == role::server) {
    note_run(s->received_run, s->received_at, s->sent_run, frame_.length, *s);
  }
}

void machine::deliver(bytes_view part) {
  stream* s = current_;
  const auto is_gone = [&] {
    return s == nullptr || s->id != frame_.stream || s->state == stream_state::ended;
  };
  if (is_gone()) return;
  if (s->state == stream_state::open && s->queue.empty()) {
    const std::size_t taken = s->events->on_data(s->id, part);
    assert(taken <= part.size());
    if (is_gone()) return;
    took(*s, taken);
    part = part.subspan(taken);
  }
  s->queue.append(pages_, part);
  if (left_ == 0 && s->receive_known) frame_delivered(*s);
}

/// The link may have carried its last byte in this direction.
void machine::frame_delivered(stream& s) {
  if (!has_arrived(s)) return;
  stream_events* const told = standing(s) == intake::moved ? s.events : nullptr;
  const stream_id id = s.id;
  conclude(s);
  if (told != nullptr) told->on_moved(id);
}

void machine::handle_fin() {
  stream* s = addressed();
  if (s == nullptr) return;
  const bool is_short = s->receive_known && s->received < s->receive_total;
  if (s->kind == stream_kind::udp || s->state == stream_state::awaiting || s->receive_fin ||
      is_short) {
    return fail(goaway_code::protocol, errc::protocol);
  }
  s->receive_fin = true;
  if (!s->receive_known) stop_receiving(*s, s->received);
  const bool was_told = s->receive_told;
  stream_events* const told = s->events;
  const bool is_news = standing(*s) == intake::ended && !was_told;
  const stream_id id = s->id;
  conclude(*s);
  if (is_news) told->on_end(id);
}

void machine::handle_datagram(bytes_view payload) {
  stream* s = addressed();
  if (s == nullptr) return;
  if (s->kind != stream_kind::udp || s->state == stream_state::awaiting) {
    return fail(goaway_code::protocol, errc::protocol);
  }
  if (s->state == stream_state::connecting) {
    ++statistics_.datagrams_dropped;
    return;
  }
  s->events->on_datagram(s->id, payload);
}

// --- credit --------------------------------------------------------------------------------------

void machine::handle_credit(std::uint32_t amount) {
  stream* s = addressed();
  if (s == nullptr) return;
  if (amount == 0 || s->kind == stream_kind::udp || s->state == stream_state::awaiting) {
    return fail(goaway_code::protocol, errc::protocol);
  }
  if (s->send_fin || s->send_moved) return;
  gain_credit(*s, amount);
}

/// The peer lets the stream send more. False when that is more than anyone may promise.
bool machine::gain_credit(stream& s, std::uint32_t amount) {
  if (amount > most_credit - s.credit) {
    fail(goaway_code::limit, errc::limit);
    return false;
  }
  s.credit += amount;
  if (s.starved && s.credit > 0) turns_.push_back(s);
  if (s.credit > 0) s.starved = false;
  return true;
}

void machine::handle_return(std::uint32_t amount) {
  stream* s = addressed();
  if (s == nullptr) return;
  if (amount == 0 || s->kind == stream_kind::udp || s->state == stream_state::awaiting) {
    return fail(goaway_code::protocol, errc::protocol);
  }
  if (s->receive_fin || s->receive_known) return;  // nothing is promised any more
  if (amount > s->window) return fail(goaway_code::limit, errc::limit);
  s->window -= amount;
  s->promised -= amount;
  set_target(*s, std::max(floor_, std::min(s->target, s->promised)));
}

// --- beginnings and ends -------------------------------------------------------------------------

void machine::handle_open(bytes_view payload) {
  const bool is_next = side_ == role::client && frame_.stream == last_id_ + 1 && !server_goaway_;
  const auto request = read_open(frame_.stream, payload);
  if (!is_next || !request || request->credit > most_credit) {
    return fail(goaway_code::protocol, errc::protocol);
  }
  if (!has_place(request->kind)) return fail(goaway_code::limit, errc::limit);
  last_id_ = frame_.stream;
  stream& s = enter(request->id, request->kind, stream_state::connecting);
  if (goaway_known_) return refuse(s, open_status::draining);
  if (s.kind != stream_kind::udp) {
    if (!ledger_.take(promise::floor, floor_)) return refuse(s, open_status::too_many);
    s.floored = true;
    s.credit = request->credit;
    s.window = s.promised = how_.early;
    s.target = floor_;
  }
  const acceptance answer = events_.on_open(*request);
  if (answer.events == nullptr) {
    return refuse(s, answer.status.value_or(open_status::unknown_service));
  }
  s.events = answer.events;
  if (answer.status) [[maybe_unused]]
    const intake now = opened(s.id, *answer.status);
}

void machine::handle_opened(bytes_view payload) {
  if (side_ != role::server) return fail(goaway_code::protocol, errc::protocol);
  stream* s = addressed();
  if (s == nullptr) return;
  const auto answer = read_opened(payload);
  if (!answer || s->state != stream_state::awaiting) {
    return fail(goaway_code::protocol, errc::protocol);
  }
  stream_events* const told = s->events;
  const stream_id id = s->id;
  if (answer->status != open_status::connected) {
    terminate(*s);
    settle(*s);
    return told->on_opened(id, answer->status);
  }
  if (!gain_credit(*s, answer->credit)) return;
  s->state = stream_state::open;
  told->on_opened(id, open_status::connected);
}

void machine::handle_reset(bytes_view payload) {
  stream* s = addressed();
  if (s == nullptr) return forget_unwritten();
  stream_events* const told = s->events;
  const stream_id id = s->id;
  if (s->state == stream_state::open && s->kind != stream_kind::udp) {
    cease(*s);  // its owner may take what has come
    drop_unwritten(*s);
  } else {
    terminate(*s);
  }
  uncount(*s);  // even while a frame of it is partly written
  settle(*s);
  if (told != nullptr) told->on_reset(id, read_reset(payload));
}

/// A reset of a stream that has ended for us but not for the peer, who waits for nothing of it now
/// and may open another.
void machine::forget_unwritten() {
  stream* s = table_.find(frame_.stream);
  if (s == nullptr) return;
  drop_unwritten(*s);
  uncount(*s);
  settle(*s);
}

void machine::handle_move(bytes_view payload) {
  if (side_ != role::client) return fail(goaway_code::protocol, errc::protocol);
  stream* s = addressed();
  if (s == nullptr) return;
  if (s->state != stream_state::open || s->kind == stream_kind::udp || s->move_asked) {
    return fail(goaway_code::protocol, errc::protocol);
  }
  s->move_asked = true;
  s->events->on_move(s->id, uuid::from_bytes(payload.data()));
}

void machine::handle_goaway(bytes_view payload) {
  const auto notice = read_goaway(payload);
  if (!notice) return fail(goaway_code::protocol, errc::protocol);
  if (!is_gentle(notice->code)) return die(reason_of(notice->code));
  if (side_ == role::client) {
    server_goaway_ = true;
    goaway_known_ = true;
  } else {
    goaway(goaway_code::drain);  // ours is the answer
  }
  events_.on_goaway(notice->code);
}

}  // namespace frpx::link
