// Bulk leaves the link for an own connection (docs/link.md, MOVE). The machine knows how many bytes
// the link carries and which direction has moved; the shell dials, writes the 8 bytes, splices.
#include "link/machine.hpp"

namespace frpx::link {

namespace {

constexpr std::uint32_t move_time_us = 10'000'000;  // between our 8 bytes and the client's
constexpr std::uint32_t last_word_us = 1'000'000;   // for what the client still has to say

}  // namespace

bool machine::move(stream_id id, const uuid& one_time_id) {
  assert(side_ == role::server);
  stream* s = find_live(id);
  if (s == nullptr || phase_ != phase::open || s->state != stream_state::open || s->move_asked ||
      s->receive_fin || s->kind == stream_kind::udp) {
    return false;
  }
  s->move_asked = true;
  std::array<std::byte, longest_control> frame;
  order({frame.data(), write_move(id, one_time_id, frame.data())});
  return true;
}

bool machine::may_move(stream_id id) const {
  const stream* s = find_live(id);
  if (s == nullptr || phase_ != phase::open || !s->move_asked || s->send_moved) return false;
  return side_ == role::client || !s->receive_fin;
}

std::optional<std::uint64_t> machine::framed(stream_id id) const {
  const stream* s = find_live(id);
  return s == nullptr || s->send_moved ? std::nullopt : std::optional(s->framed);
}

void machine::move_sent(stream_id id) {
  stream* s = find_live(id);
  if (s == nullptr || s->send_moved) return;
  s->send_moved = true;
  s->moved_at = clock_us_;
  s->starved = false;
  turns_.remove(*s);
  conclude(*s);
}

result<intake> machine::move_received(stream_id id, std::uint64_t n) {
  stream* s = find_live(id);
  if (s == nullptr || s->receive_known) return errc::unknown_stream;
  const bool fits = n >= s->received && n - s->received <= s->window;
  if (!fits || (s->receive_fin && n != s->received)) {
    failure_due_ = goaway_code::protocol;
    return errc::misplaced_move;
  }
  if (phase_ != phase::open && n != s->received) {
    // The link was drained without them: they are lost.
    terminate(*s);
    settle(*s);
    return errc::lost;
  }
  s->receive_known = true;
  if (!s->receive_fin) stop_receiving(*s, n);
  const intake now = standing(*s);
  conclude(*s);
  return now;
}

void machine::move_lost(stream_id id) {
  stream* s = find_live(id);
  if (s == nullptr) return;
  s->move_lost = true;
  if (!s->send_fin) s->moved_at = clock_us_ - (move_time_us - last_word_us);
  conclude(*s);
}

/// The peer's half of a move is due some time after ours.
void machine::expect_move(stream& s) {
  if (!s.send_moved || s.receive_known || s.state == stream_state::ended) return;
  if (side_ != role::server || clock_us_ - s.moved_at < move_time_us) return;
  stream_events* const told = s.events;
  const stream_id id = s.id;
  reset(id, reset_code::own_connection_lost);
  if (told != nullptr) told->on_reset(id, reset_code::own_connection_lost);
}

}  // namespace frpx::link
