// What leaves: turns, control frames, data.
#include <algorithm>
#include <cstring>

#include "link/machine.hpp"

namespace frpx::link {

namespace {

constexpr std::size_t high_mark = 256 * 1024;  // of waiting data: sources are not read
constexpr std::size_t low_mark = 128 * 1024;   // and below this they are again
constexpr std::size_t fair_turn = 16 * 1024;
constexpr std::size_t most_datagrams = 4 << 20;  // queued, of one link
// Of one stream. A queue that does not empty is delay and nothing else, so it is short; one that
// fills because the peer's machine did something else for a moment is carried over that.
constexpr std::size_t most_datagrams_of_one = 64 * 1024;
constexpr std::size_t most_datagrams_in_burst = 1024 * 1024;
constexpr std::uint32_t burst_us = 50'000;
constexpr std::uint32_t run_pause_us = 100'000;
constexpr std::uint32_t turn_allowance = 64 * 1024;
constexpr std::uint32_t bulk_allowance = 8 * 1024;
constexpr std::size_t datagram_prefix = 2;

}  // namespace

// --- data ----------------------------------------------------------------------------------------

/// How much a stream may put in now; 0 when it has to wait for its turn.
std::size_t machine::turn_limit(const stream& s) const {
  if (turn_ == &s && !turns_.empty()) return turn_left_;
  if (turn_ != &s && !turns_.empty()) return 0;
  return outbox_.data_size() < high_mark ? longest_data : 0;
}

bytes_span machine::prepare(stream_id id) {
  stream* s = find_sending(id);
  if (s == nullptr || s->kind == stream_kind::udp) return {};
  if (s->credit == 0) {
    s->starved = true;
    return {};
  }
  const std::size_t limit = std::min<std::size_t>(turn_limit(*s), s->credit);
  if (limit == 0) {
    turns_.push_back(*s);
    return {};
  }
  return outbox_.prepare(limit);
}

void machine::commit(stream_id id, std::size_t count) {
  stream* s = find_sending(id);
  assert(s != nullptr && count > 0 && count <= s->credit);
  outbox_.commit(id, frame_type::data, count);
  ++statistics_.frames_out;
  ++s->unwritten;
  s->credit -= static_cast<std::uint32_t>(count);
  s->framed += count;
  s->sent_tick = tick_;
  if (turn_ == s) turn_left_ -= std::min(turn_left_, count);
  if (side_ == role::server) note_run(s->sent_run, s->sent_at, s->received_run, count, *s);
}

std::size_t machine::send(stream_id id, bytes_view bytes) {
  std::size_t taken = 0;
  while (taken < bytes.size()) {
    const bytes_span room = prepare(id);
    if (room.empty()) break;
    const std::size_t part = std::min(room.size(), bytes.size() - taken);
    std::memcpy(room.data(), bytes.data() + taken, part);
    commit(id, part);
    taken += part;
  }
  return taken;
}

/// Notices bulk: many bytes in one direction without a pause and without the other direction
/// having much to say in between. A small message of the other side is a turn of a conversation and
/// takes 64 KiB off, so that questions and answers stay on the link however many they are; where
/// both sides send bulk it takes off less than they add.
void machine::note_run(std::uint32_t& run, std::uint32_t& at, std::uint32_t& other_run,
                       std::size_t bytes, stream& s) {
  if (how_.move_after == 0 || s.bulk_told) return;
  if (clock_us_ - at > run_pause_us) run = 0;
  at = clock_us_;
  run += static_cast<std::uint32_t>(bytes);
  other_run -= std::min(other_run, bytes < fair_turn ? turn_allowance : bulk_allowance);
  if (run < how_.move_after || s.state != stream_state::open || bulk_count_ == bulk_.size()) return;
  s.bulk_told = true;
  bulk_[bulk_count_++] = s.id;
}

void machine::tell_bulk() {
  for (std::size_t i = 0; i < bulk_count_; ++i) {
    stream* s = find_live(bulk_[i]);
    if (s != nullptr && s->events != nullptr) s->events->on_bulk(s->id);
  }
  bulk_count_ = 0;
}

// --- datagrams -----------------------------------------------------------------------------------

bool machine::send_datagram(stream_id id, bytes_view datagram) {
  stream* s = find_sending(id);
  if (s == nullptr || s->kind != stream_kind::udp || datagram.size() > longest_datagram)
    return false;
  if (turns_.empty() && outbox_.data_size() < high_mark) {
    const bytes_span room = outbox_.prepare_whole(datagram.size());
    std::copy(datagram.begin(), datagram.end(), room.begin());
    commit_datagram(*s, datagram.size());
    return true;
  }
  const std::size_t size = datagram_prefix + datagram.size();
  if (s->queue.empty()) s->waits_since = clock_us_;
  const bool is_burst = clock_us_ - s->waits_since < burst_us;
  const std::size_t most = is_burst ? most_datagrams_in_burst : most_datagrams_of_one;
  while (s->queue.size() + size > most) drop_oldest(*s);
  // Another stream's only when this one has nothing to give: the link is full of theirs.
  while (datagram_bytes_ + size > most_datagrams) {
    drop_oldest(s->queue.empty() ? *turns_.first([](const stream& each) {
      return each.kind == stream_kind::udp && !each.queue.empty();
    })
                                 : *s);
  }
  std::array<std::byte, datagram_prefix> prefix;
  store_big(static_cast<std::uint16_t>(datagram.size()), prefix.data());
  s->queue.append(pages_, prefix);
  s->queue.append(pages_, datagram);
  datagram_bytes_ += size;
  turns_.push_back(*s);
  return true;
}

/// The size of the oldest datagram that waits.
std::size_t machine::next_datagram(const stream& s) const {
  std::array<std::byte, datagram_prefix> prefix;
  s.queue.peek(prefix);
  return load_big<std::uint16_t>(prefix.data());
}

void machine::drop_oldest(stream& s) {
  const std::size_t size = datagram_prefix + next_datagram(s);
  s.queue.consume(pages_, size);
  datagram_bytes_ -= size;
  ++statistics_.datagrams_dropped;
}

void machine::commit_datagram(stream& s, std::size_t size) {
  outbox_.commit(s.id, frame_type::datagram, size);
  ++statistics_.frames_out;
  ++s.unwritten;
}

void machine::give_datagram_turn(stream& s) {
  std::size_t sent = 0;
  while (!s.queue.empty() && sent < fair_turn) {
    const std::size_t size = next_datagram(s);
    if (sent > 0 && sent + size > fair_turn) break;
    s.queue.consume(pages_, datagram_prefix);
    s.queue.peek(outbox_.prepare_whole(size));
    s.queue.consume(pages_, size);
    commit_datagram(s, size);
    datagram_bytes_ -= datagram_prefix + size;
    sent += size + 1;
  }
  if (!s.queue.empty()) turns_.push_back(s);
}

void machine::give_turns() {
  if (outbox_.data_size() >= low_mark) return;
  while (!turns_.empty() && outbox_.data_size() < high_mark) {
    stream& s = *turns_.front();
    turns_.remove(s);
    if (s.kind == stream_kind::udp) {
      give_datagram_turn(s);
      continue;
    }
    turn_ = &s;
    turn_left_ = fair_turn;
    s.events->on_writable(s.id);
    turn_ = nullptr;
  }
}

// --- control -------------------------------------------------------------------------------------

/// Puts OPEN and MOVE frames, which are made in order, into the next write.
bool machine::stage_orders() {
  while (!orders_.empty()) {
    std::byte* to = outbox_.stage();
    if (to == nullptr) return false;
    orders_.peek({to, header_size});
    const frame_header header = load_header(to);
    const std::size_t size = header_size + header.length;
    orders_.peek({to, size});
    orders_.consume(pages_, size);
    outbox_.staged(size);
    ++statistics_.frames_out;
    if (header.type == frame_type::open) {
      last_left_ = header.stream;
      liveness_.awaits_answer(now_);
    }
  }
  return true;
}

/// Writes what a stream owes; returns its size.
std::size_t machine::stage_stream(stream& s, std::byte* to) {
  std::size_t size = 0;
  if (s.owes_opened) {
    size += write_opened(s.id, {s.status, std::exchange(s.owed_credit, 0)}, to);
    ++statistics_.frames_out;
  }
  if (s.owed_credit > 0) {
    size += write_credit(s.id, std::exchange(s.owed_credit, 0), to + size);
    ++statistics_.frames_out;
  }
  if (s.owed_return > 0) {
    size += write_return(s.id, std::exchange(s.owed_return, 0), to + size);
    ++statistics_.frames_out;
  }
  if (s.owes_reset) {
    size += write_reset(s.id, s.reset, to + size);
    ++statistics_.frames_out;
  }
  s.owes_opened = s.owes_reset = false;
  return size;
}

/// Stages every control frame that is due; false when some did not fit.
bool machine::stage_control() {
  std::byte* to = outbox_.stage();
  if (to == nullptr) return false;
  if (std::exchange(ping_due_, false)) {
    outbox_.staged(write_ping(liveness_.ping_number(), to));
    liveness_.sent(now_, outbox_.staged_position());
    to = outbox_.stage();
    if (to == nullptr) return false;
  }
  if (pong_due_) {
    outbox_.staged(write_pong(*std::exchange(pong_due_, std::nullopt), to));
  }
  if (!stage_orders()) return false;
  while (!owing_.empty()) {
    to = outbox_.stage();
    if (to == nullptr) return false;
    stream& s = *owing_.front();
    owing_.remove(s);
    outbox_.staged(stage_stream(s, to));
    settle(s);
  }
  if (goaway_due_) {
    to = outbox_.stage();
    if (to == nullptr) return false;
    const goaway_code code = *std::exchange(goaway_due_, std::nullopt);
    outbox_.staged(write_goaway(code, {}, to));
    if (side_ == role::server) server_goaway_ = true;
    if (code == goaway_code::ids_used_up) events_.on_goaway(code);
  }
  return true;
}

// --- writing -------------------------------------------------------------------------------------

std::size_t machine::gather(std::span<iovec> into, steady_time now) {
  wake(now);
  if (failure_due_) fail_as_due();
  if (phase_ == phase::closing) {
    const std::size_t last = outbox_.gather(into, false);
    if (last == 0) close(failure_);
    return last;
  }
  if (phase_ != phase::open || !may_speak()) return 0;
  tell_bulk();
  give_turns();
  const bool is_all = stage_control();
  const std::size_t filled = outbox_.gather(into, is_all);
  if (filled == 0) shut_when_drained();
  return filled;
}

void machine::wrote(std::size_t count) {
  outbox_.wrote(count, [this](stream_id id) {
    stream* s = table_.find(id);
    if (s == nullptr || s->unwritten == 0) return;
    if (--s->unwritten == 0) settle(*s);
  });
}

}  // namespace frpx::link
