#include "link/liveness.hpp"

#include <algorithm>

namespace frpx::link {

namespace {

using namespace std::chrono_literals;

constexpr auto silence = 5s;    // after which a PING asks
constexpr auto patience = 10s;  // until a silent peer is dead
constexpr auto suspicion = 1s;
constexpr auto round_trip_age = 10s;  // a busy link measures again after this

}  // namespace

liveness::liveness(steady_time now)
    : heard_at_(now), asked_at_(now), sent_at_(now), ticked_at_(now), progress_at_(now) {}

void liveness::heard(steady_time now) {
  heard_at_ = now;
  unanswered_ = false;
  ping_acknowledged_at_.reset();
  waiting_since_.reset();
}

void liveness::asked(steady_time now) {
  asked_at_ = now;
  unanswered_ = true;
  round_trip_open_ = false;
  ping_position_ = ~std::uint64_t{0};
  ping_acknowledged_at_.reset();
  ++number_;
  awaits_answer(now);
}

void liveness::sent(steady_time now, std::uint64_t position) {
  sent_at_ = now;
  ping_position_ = position;
  round_trip_open_ = true;
}

void liveness::awaits_answer(steady_time now) {
  if (!waiting_since_) waiting_since_ = now;
}

void liveness::answered(std::uint64_t number, steady_time now) {
  if (!round_trip_open_ || number != number_) return;
  round_trip_open_ = false;
  round_trip_ = now - sent_at_;
}

bool liveness::is_dead(steady_time now) const {
  if (!unanswered_ || now - asked_at_ < patience) return false;
  const bool stuck = now - progress_at_ >= patience;
  const bool ignored = ping_acknowledged_at_ && now - *ping_acknowledged_at_ >= patience;
  return stuck || ignored;
}

liveness::verdict liveness::tick(steady_time now, std::uint64_t acknowledged) {
  if (acknowledged > acknowledged_) {
    acknowledged_ = acknowledged;
    progress_at_ = now;
  }
  if (unanswered_ && !ping_acknowledged_at_ && acknowledged_ >= ping_position_) {
    // At the earliest: TCP does not say when, only that it happened since the last tick.
    ping_acknowledged_at_ = std::max(ticked_at_, sent_at_);
  }
  ticked_at_ = now;
  if (is_dead(now)) return verdict::dead;
  if (unanswered_) return verdict::well;
  const bool silent = now - heard_at_ >= silence;
  return silent || now - asked_at_ >= round_trip_age ? verdict::ask : verdict::well;
}

bool liveness::suspect(steady_time now) const {
  return waiting_since_ && now - *waiting_since_ >= suspicion;
}

}  // namespace frpx::link
