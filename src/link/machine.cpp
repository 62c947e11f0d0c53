// Beginnings and ends of links and streams.
#include "link/machine.hpp"

#include <algorithm>

namespace frpx::link {

namespace {

using namespace std::chrono_literals;

constexpr std::uint32_t queue_page = 4096 - sizeof(page);
constexpr std::size_t kept_pages = 64;
constexpr auto shut_time = 2s;     // for the peer's end, after ours
constexpr auto failure_time = 1s;  // for the last GOAWAY

}  // namespace

errc reason_of(goaway_code code) {
  switch (code) {
    case goaway_code::protocol:
      return errc::protocol;
    case goaway_code::limit:
      return errc::limit;
    case goaway_code::session_over:
      return errc::session_over;
    case goaway_code::dead:
      return errc::dead;
    case goaway_code::drain:
    case goaway_code::ids_used_up:
      break;
  }
  return errc::lost;
}

machine::machine(role side, const options& how, link_events& events, steady_time now)
    : side_(side),
      how_(how),
      events_(events),
      floor_(side == role::client ? std::max(how.early, how.floor) : how.floor),
      epoch_(now),
      now_(now),
      pages_(queue_page, kept_pages),
      ledger_(how.bound, how.pool),
      liveness_(now) {
  if (side_ == role::server) {
    ping_due_ = true;
    liveness_.asked(now);
  }
}

machine::~machine() {
  table_.for_each([this](stream& s) { s.queue.clear(pages_); });
  orders_.clear(pages_);
}

void machine::wake(steady_time now) {
  now_ = now;
  const auto since = std::chrono::duration_cast<std::chrono::microseconds>(now - epoch_);
  clock_us_ = static_cast<std::uint32_t>(since.count());
}

// --- streams -------------------------------------------------------------------------------------

stream* machine::find_live(stream_id id) const {
  stream* s = id == 0 ? nullptr : table_.find(id);
  return s != nullptr && s->state != stream_state::ended ? s : nullptr;
}

stream& machine::enter(stream_id id, stream_kind kind, stream_state state) {
  stream& s = table_.insert(id);
  s.kind = kind;
  s.state = state;
  s.counted = true;
  s.sent_tick = tick_;
  s.sent_at = s.received_at = s.credit_at = clock_us_;
  ++live_;
  live_udp_ += kind == stream_kind::udp ? 1 : 0;
  ++statistics_.streams_opened;
  return s;
}

/// Whether one more stream of that kind is within what the client takes.
bool machine::has_place(stream_kind kind) const {
  return kind == stream_kind::udp ? live_udp_ < how_.associations
                                  : live_ - live_udp_ < how_.streams;
}

result<stream_id> machine::open(stream_kind kind, std::string_view service,
                                std::string_view visitor, stream_events& events) {
  assert(side_ == role::server);
  if (phase_ != phase::open) return errc::closed;
  if (last_id_ >= how_.last_id) return errc::ids_used_up;
  if (goaway_known_) return errc::draining;
  if (!has_place(kind)) return errc::too_many;
  if (!fits_open(service, visitor)) return errc::bad_name;
  const bool is_udp = kind == stream_kind::udp;
  if (!is_udp && !ledger_.take(promise::floor, floor_)) return errc::no_room;

  stream& s = enter(++last_id_, kind, stream_state::awaiting);
  s.events = &events;
  if (!is_udp) {
    s.floored = true;
    s.credit = how_.early;
    promise_at_first(s);
  }
  std::array<std::byte, longest_control> frame;
  order({frame.data(), write_open({s.id, kind, s.window, service, visitor}, frame.data())});
  if (last_id_ == how_.last_id) goaway(goaway_code::ids_used_up);
  return s.id;
}

intake machine::opened(stream_id id, open_status status) {
  assert(side_ == role::client);
  stream* s = find_live(id);
  if (s == nullptr || s->state != stream_state::connecting || s->events == nullptr) {
    return intake::flowing;
  }
  if (status != open_status::connected) {
    refuse(*s, status);
    return intake::flowing;
  }
  s->state = stream_state::open;
  s->owes_opened = true;
  if (s->kind != stream_kind::udp && !s->receive_fin) s->owed_credit = promise_at_first(*s);
  owing_.push_back(*s);
  return standing(*s);
}

void machine::refuse(stream& s, open_status status) {
  terminate(s);
  s.owes_opened = true;
  s.status = status;
  owing_.push_back(s);
}

stream* machine::find_sending(stream_id id) const {
  stream* s = find_live(id);
  if (s == nullptr || phase_ != phase::open || s->send_fin || s->send_moved ||
      s->state == stream_state::connecting) {
    return nullptr;
  }
  return s;
}

void machine::finish(stream_id id) {
  stream* s = find_sending(id);
  if (s == nullptr || s->kind == stream_kind::udp) return;
  outbox_.put(id, frame_type::fin);
  ++statistics_.frames_out;
  ++s->unwritten;
  s->send_fin = true;
  s->starved = false;
  turns_.remove(*s);
  conclude(*s);
}

void machine::reset(stream_id id, reset_code code) {
  stream* s = id == 0 ? nullptr : table_.find(id);
  if (s == nullptr) return;
  if (s->state == stream_state::connecting) return refuse(*s, open_status::refused);
  const bool peer_knows_end =
      s->state == stream_state::ended && (s->unwritten == 0 || s->send_moved);
  const bool owed_opened = s->owes_opened;
  const bool already_owed = s->owes_reset;
  terminate(*s);
  if (!peer_knows_end && !already_owed && phase_ == phase::open) {
    s->owes_opened = owed_opened;
    s->owes_reset = true;
    s->reset = code;
    owing_.push_back(*s);
  }
  settle(*s);
}

void machine::reset_behind(stream_id id, reset_code code) {
  stream* s = find_live(id);
  if (s == nullptr || s->unwritten == 0 || phase_ != phase::open) return reset(id, code);
  const bool owed_opened = s->owes_opened;
  cease(*s);
  s->queue.clear(pages_);
  std::array<std::byte, longest_control> frame;
  const std::size_t size = write_reset(id, code, frame.data());
  outbox_.put(id, frame_type::rst, bytes_view(frame).first(size).subspan(header_size));
  ++statistics_.frames_out;
  ++s->unwritten;
  if (owed_opened) {
    s->owes_opened = true;
    owing_.push_back(*s);
  }
  settle(*s);
}

std::size_t machine::pending(stream_id id, std::span<iovec> into) const {
  const stream* s = id == 0 ? nullptr : table_.find(id);
  return s == nullptr || s->kind == stream_kind::udp ? 0 : s->queue.view(into);
}

intake machine::consumed(stream_id id, std::size_t count) {
  stream* s = id == 0 ? nullptr : table_.find(id);
  if (s == nullptr || s->kind == stream_kind::udp) return intake::flowing;
  s->queue.consume(pages_, count);
  took(*s, count);
  const intake now = standing(*s);
  settle(*s);
  return now;
}

void machine::message_began(stream_id id) {
  if (stream* s = find_live(id)) s->sent_run = s->received_run = 0;
}

/// Everything that the link carries in this direction is here.
bool machine::has_arrived(const stream& s) const {
  const bool is_cut = left_ > 0 && current_ == &s;
  return s.receive_fin || (s.receive_known && s.received == s.receive_total && !is_cut);
}

/// What the owner has to be told of the receiving direction.
intake machine::standing(stream& s) {
  if (!s.queue.empty() || s.state == stream_state::connecting || !has_arrived(s)) {
    return intake::flowing;
  }
  s.receive_told = true;
  return s.receive_fin ? intake::ended : intake::moved;
}

/// Ends the stream when both directions are over.
void machine::conclude(stream& s) {
  // Once our 8 bytes are said, the peer's decide: it may still need its end of the own connection.
  const bool both_fin = s.send_fin && s.receive_fin && (!s.send_moved || s.move_lost);
  const bool both_moved = s.send_moved && s.receive_known && has_arrived(s);
  if (!both_fin && !both_moved) return;
  s.state = stream_state::ended;
  // Once both have moved the peer does not wait for a FIN by the link, and may open the next
  // stream.
  if (both_moved && s.send_fin && s.unwritten > 0) --s.unwritten;
  turns_.remove(s);
  if (!s.owes_opened) owing_.remove(s);  // CREDIT and RETURN are of no use any more
  settle(s);
}

/// Ends a stream in no clean way; what it has queued stays.
void machine::cease(stream& s) {
  s.state = stream_state::ended;
  s.events = nullptr;
  s.owes_opened = s.owes_reset = s.starved = false;
  s.owed_credit = s.owed_return = 0;
  owing_.remove(s);
  turns_.remove(s);
}

/// Takes everything from such a stream; the caller owes or settles the rest.
void machine::terminate(stream& s) {
  cease(s);
  drop_unwritten(s);
  if (s.kind == stream_kind::udp) datagram_bytes_ -= s.queue.size();
  s.queue.clear(pages_);
  release(s);
}

/// Takes a stream's frames out of the outbox. A FIN may be among them that is not waited for.
void machine::drop_unwritten(stream& s) {
  if (s.unwritten == 0) return;
  const auto dropped = static_cast<std::uint32_t>(outbox_.drop(s.id));
  s.unwritten -= std::min(s.unwritten, dropped);
}

/// Lets go of what an ended stream does not need any more: its promises, its place, its entry.
void machine::settle(stream& s) {
  if (s.state != stream_state::ended) return;
  if (s.queue.empty()) release(s);
  if (s.unwritten > 0 || s.control.listed) return;
  uncount(s);
  if (s.queue.empty()) table_.erase(s);
}

/// The peer knows of the stream's end, or will before it can hear of another stream.
void machine::uncount(stream& s) {
  if (!s.counted) return;
  s.counted = false;
  --live_;
  live_udp_ -= s.kind == stream_kind::udp ? 1 : 0;
}

// --- the link ------------------------------------------------------------------------------------

void machine::goaway(goaway_code code) {
  if (phase_ != phase::open) return;
  if (!is_gentle(code)) {
    failure_due_ = code;
  } else if (!(side_ == role::server && goaway_sent_)) {
    goaway_known_ = goaway_sent_ = true;
    goaway_due_ = code;
  }
}

void machine::end_of_input(steady_time now) {
  wake(now);
  if (!reading()) return close(failure_);
  // A client that is done with the link may be so before its last 8 bytes are here: those streams
  // are decided by what they will say.
  std::size_t undecided = 0;
  table_.for_each([&](const stream& s) {
    const bool is_due = s.send_moved && !s.receive_known && !s.move_lost;
    undecided += s.counted && is_due ? 1U : 0U;
  });
  if (!server_goaway_ || live_ != undecided) return die(errc::lost);
  close({});
}

void machine::lost(steady_time now) {
  wake(now);
  if (phase_ == phase::open) return die(errc::lost);
  close(failure_);
}

void machine::shut_when_drained() {
  if (phase_ != phase::open || !is_drained() || !outbox_.empty() || !owing_.empty()) return;
  phase_ = phase::shut;
  close_by_ = now_ + shut_time;
}

void machine::fail(goaway_code code, errc why) {
  if (!reading()) return;
  const bool may_write = phase_ == phase::open && may_speak();
  phase_ = phase::closing;
  close_by_ = now_ + failure_time;
  failure_ = why;
  outbox_.clear_data();
  if (std::byte* to = may_write ? outbox_.stage() : nullptr) {
    outbox_.staged(write_goaway(code, explain(why), to));
  }
  end_streams();
  if (!may_write) close(failure_);
}

void machine::fail_as_due() {
  const goaway_code code = *std::exchange(failure_due_, std::nullopt);
  fail(code, reason_of(code));
}

void machine::die(error_code why) {
  phase_ = phase::closing;
  outbox_.clear_data();
  end_streams();
  close(why);
}

void machine::close(error_code why) {
  if (std::exchange(phase_, phase::closed) == phase::closed) return;
  events_.on_closed(why);
}

/// The link is gone. A stream stays only if nothing of it is missing: both sides have said their 8
/// bytes, and all that the link carried is here.
void machine::end_streams() {
  orders_.clear(pages_);
  table_.for_each([this](stream& s) {
    const bool is_moved = s.send_moved && s.receive_known && has_arrived(s);
    const bool is_whole = s.state == stream_state::ended || is_moved;
    stream_events* const told = is_whole ? nullptr : s.events;
    const stream_id id = s.id;
    if (is_whole) {
      s.state = stream_state::ended;
      owing_.remove(s);
    } else {
      terminate(s);
    }
    s.unwritten = 0;
    settle(s);
    if (told != nullptr) told->on_reset(id, reset_code::link_lost);
  });
}

void machine::tick(steady_time now, std::uint64_t acknowledged) {
  wake(now);
  ++tick_;
  pings_ = 0;
  if (failure_due_) fail_as_due();
  if (phase_ == phase::open) {
    const liveness::verdict verdict = liveness_.tick(now, acknowledged);
    if (verdict == liveness::verdict::dead) fail(goaway_code::dead, errc::dead);
    if (verdict == liveness::verdict::ask) ask();
  }
  if ((phase_ == phase::shut || phase_ == phase::closing) && now >= close_by_) {
    close(failure_);
  }
  table_.for_each([this](stream& s) {
    return_unspent(s);
    expect_move(s);
  });
  ledger_.trim();
  pressed_ = false;
  if (const std::uint64_t frames = statistics_.frames_in + statistics_.frames_out;
      std::exchange(frames_at_tick_, frames) == frames) {
    outbox_.trim();
    pages_.trim();
    if (held_.empty()) held_.shrink_to_fit();
  }
}

void machine::ask_for_sign(steady_time now) {
  now_ = now;
  if (phase_ == phase::open && may_speak() && !liveness_.is_asked()) ask();
}

void machine::ask() {
  ping_due_ = true;
  liveness_.asked(now_);
}

std::uint64_t machine::promised() {
  std::uint64_t sum = 0;
  table_.for_each([&](const stream& s) { sum += s.promised; });
  return sum;
}

std::optional<account> machine::look(stream_id id) const {
  const stream* s = find_live(id);
  if (s == nullptr) return std::nullopt;
  return account{s->credit, s->framed, s->window, s->received, s->promised};
}

std::size_t machine::held_bytes() const {
  return pages_.pages() * (queue_page + sizeof(page)) + outbox_.held_bytes() + table_.held_bytes() +
         held_.capacity();
}

}  // namespace frpx::link
