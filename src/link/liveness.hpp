// Whether a link's peer still lives.
#pragma once

#include <cstdint>
#include <optional>

#include "core/clock.hpp"

namespace frpx::link {

/// Decides when to ask (PING) and when to give up, from what arrives and from what TCP
/// acknowledges; and measures the round trip on the way.
///
/// Any byte that arrives answers. A peer is dead when a PING is 10 s old, no byte has come since,
/// and either TCP has acknowledged nothing new for 10 s (a pulled cable, a stopped reader) or it
/// acknowledged the PING itself 10 s ago (a stopped program with empty buffers). A slow network
/// lives as long as it moves.
class liveness {
 public:
  enum class verdict : std::uint8_t { well, ask, dead };

  explicit liveness(steady_time now);

  /// A byte has arrived.
  void heard(steady_time now);
  /// A PING was decided; it waits for the connection to take it.
  void asked(steady_time now);
  /// It left, with number `ping_number()`, as the last of `position` bytes of ours in all.
  void sent(steady_time now, std::uint64_t position);
  /// An OPEN was sent.
  void awaits_answer(steady_time now);
  /// PONG has come. Numbers that were not asked for are ignored.
  void answered(std::uint64_t number, steady_time now);
  /// Once a second.
  verdict tick(steady_time now, std::uint64_t acknowledged);

  bool suspect(steady_time now) const;
  /// A PING was decided and nothing has come since.
  bool is_asked() const { return unanswered_; }
  /// The next PING's opaque bytes.
  std::uint64_t ping_number() const { return number_; }
  /// The last round trip that was measured; empty before the first.
  std::optional<steady_clock::duration> round_trip() const { return round_trip_; }

 private:
  bool is_dead(steady_time now) const;

  steady_time heard_at_;
  steady_time asked_at_;
  bool unanswered_ = false;  ///< A PING was decided and nothing has come since.
  steady_time sent_at_;
  std::uint64_t ping_position_ = 0;
  std::uint64_t number_ = 0;
  bool round_trip_open_ = false;  ///< The PONG of `number_` is still to come.
  std::uint64_t acknowledged_ = 0;
  steady_time ticked_at_;
  steady_time progress_at_;  ///< When TCP last acknowledged something new.
  std::optional<steady_time> ping_acknowledged_at_;
  std::optional<steady_time> waiting_since_;
  std::optional<steady_clock::duration> round_trip_;
};

}  // namespace frpx::link
