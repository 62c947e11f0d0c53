// The streams of one session that have, or are getting, a connection of their own.
#pragma once

#include <optional>
#include <unordered_map>
#include <vector>

#include "core/clock.hpp"
#include "core/uuid.hpp"

namespace frpx::link {

class linked_stream;

/// Knows them so that the end of their session resets them: a stream that has left its link is
/// known to nobody else. It also keeps the one-time ids under which own connections are to be
/// brought. Touched by its worker only; outlives its streams, or resets them before.
class own_streams {
 public:
  static constexpr std::size_t most = 256;
  static constexpr auto patience = std::chrono::seconds(10);

  /// Server: a one-time id for that stream; nothing when as many are ordered or moved as may be.
  std::optional<uuid> order(linked_stream& which, std::size_t worker, steady_time now);
  /// Client: the server gave that id. False as above.
  bool expect(linked_stream& which, const uuid& id, steady_time now);
  /// Whose id that is: null when the stream has gone meanwhile, nothing when it was never given. An
  /// id serves once.
  std::optional<linked_stream*> take(const uuid& id, steady_time now);

  /// A stream has an own connection now; false when as many have one as may.
  bool enter(linked_stream& which);
  /// It has none any more, and waits for none.
  void leave(linked_stream& which);
  /// Resets every one.
  void reset_all();

 private:
  struct awaited {
    linked_stream* which;
    steady_time until;
  };

  std::unordered_map<uuid, awaited, uuid::hash> ordered_;
  std::vector<linked_stream*> moved_;
};

}  // namespace frpx::link
