// What is promised to the peer: how much each stream may send (docs/flow-control.md).
#include <algorithm>

#include "link/machine.hpp"

namespace frpx::link {

namespace {

constexpr std::uint32_t usual_target = 256 * 1024;
constexpr std::uint32_t highest_target = 4 << 20;
constexpr std::uint32_t kept_unspent = 16 * 1024;
/// CREDIT for less is not worth a frame while the sink still has bytes to take.
constexpr std::uint32_t least_credit = 2048;

}  // namespace

/// Promises as much as there is room for. Returns what came on top of what was promised before.
std::uint32_t machine::promise_at_first(stream& s) {
  set_target(s, std::max(floor_, usual_target));
  if (s.target <= s.promised) return 0;
  const std::uint32_t added = s.target - s.promised;
  s.window += added;
  s.promised += added;
  return added;
}

/// Makes `goal` the target if the ledger has room; lets go of what a lower one does not need.
void machine::set_target(stream& s, std::uint32_t goal) {
  const std::uint32_t need = std::max({goal, s.promised, floor_}) - floor_;
  if (need > s.extra) {
    if (!ledger_.take(promise::extra, need - s.extra)) {
      pressed_ = true;
      s.target = std::max(s.target, floor_);
      return;
    }
  } else {
    ledger_.give(promise::extra, s.extra - need);
  }
  s.extra = need;
  s.target = goal;
}

/// Chooses the target anew: up to the usual one at once, doubled while the window empties within
/// two round trips (half of it was taken in one), and down to an equal share while others find no
/// room.
void machine::retarget(stream& s) {
  const auto round_trip = liveness_.round_trip();
  const auto since_credit = std::chrono::microseconds(clock_us_ - s.credit_at);
  const std::uint64_t equal = how_.bound / 2 / std::max<std::size_t>(live_, 1);
  const auto share = static_cast<std::uint32_t>(
      std::max<std::uint64_t>(std::min<std::uint64_t>(equal, highest_target), floor_));
  std::uint32_t goal = s.target;
  if (pressed_ && goal > share) {
    goal = std::max(share, goal / 2);
  } else if (goal < usual_target) {
    goal = std::max(floor_, usual_target);
  } else if (round_trip && since_credit <= *round_trip) {
    goal = std::min(goal * 2, highest_target);
  }
  set_target(s, goal);
}

/// The sink took bytes.
void machine::took(stream& s, std::size_t count) {
  assert(count <= s.promised);
  s.promised -= static_cast<std::uint32_t>(count);
  replenish(s);
}

/// Gives CREDIT when half of the target is owed, or when the sender has none left.
void machine::replenish(stream& s) {
  if (s.receive_fin || s.receive_known || s.state != stream_state::open || s.promised >= s.target) {
    return;
  }
  const std::uint32_t owed = s.target - s.promised;
  const bool is_due = owed * 2 >= s.target || (s.window == 0 && owed >= least_credit);
  if (!is_due || phase_ != phase::open) return;
  retarget(s);
  if (s.promised >= s.target) return;
  const std::uint32_t amount = s.target - s.promised;
  s.window += amount;
  s.promised += amount;
  s.owed_credit += amount;
  s.credit_at = clock_us_;
  owing_.push_back(s);
}

/// The link will carry `total` bytes in this direction and no more: what was promised beyond them
/// is free again.
void machine::stop_receiving(stream& s, std::uint64_t total) {
  const auto to_come = static_cast<std::uint32_t>(total - s.received);
  s.receive_total = total;
  s.promised -= s.window - to_come;
  s.window = to_come;
  s.owed_credit = 0;
  set_target(s, floor_);
}

/// Once a second: credit that a source does not use is of more use elsewhere.
void machine::return_unspent(stream& s) {
  if (phase_ != phase::open || s.state != stream_state::open || s.send_fin || s.send_moved) return;
  if (s.credit <= kept_unspent || s.turn.listed || tick_ - s.sent_tick < 2) return;
  s.owed_return += s.credit - kept_unspent;
  s.credit = kept_unspent;
  owing_.push_back(s);
}

/// Gives back to the ledger all that a stream held there.
void machine::release(stream& s) {
  if (s.floored) ledger_.give(promise::floor, floor_);
  ledger_.give(promise::extra, s.extra);
  s.floored = false;
  s.extra = s.promised = s.window = 0;
}

}  // namespace frpx::link
