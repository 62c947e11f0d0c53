// The seam of the data path: a pair of byte pipes that never blocks.
#pragma once

#include <cstddef>
#include <cstdint>

#include "core/bytes.hpp"
#include "core/result.hpp"

namespace frpx::net {

class socket;

enum class io_state : std::uint8_t {
  moved,    ///< Some bytes were moved; there may be more.
  blocked,  ///< None now; the watcher will hear when it is worth trying again.
  ended,    ///< Reading only: the other side has ended its direction, in order.
  failed,   ///< The stream is broken; `error()` says why. Never a clean end.
};

struct read_outcome {
  io_state state;
  bytes_view bytes;  ///< Valid until the next call on the stream; empty unless `moved`.
};

struct write_outcome {
  io_state state;
  std::size_t bytes;  ///< How many were taken; `moved` may still be fewer than given.
};

/// One visitor's connection, one stream on a link, one local connection: whatever carries bytes
/// both ways, with an end for each direction. The HTTP exchange and the relay know only this class.
///
/// A stream belongs to one worker and is touched on that worker alone. Nothing waits here: who
/// finds it blocked returns to the loop and is told by its watcher. Destroying a stream that has
/// not ended in both directions resets it.
class stream {
 public:
  /// What changed. Broken implies the other two: trying tells the error.
  struct readiness {
    bool readable = false;
    bool writable = false;
    bool broken = false;  ///< The stream broke, while perhaps nobody was reading or writing.
    bool ended = false;   ///< The other side has ended its direction; bytes may stand before that.
  };

  /// Hears that something changed. The call comes from the worker's loop, never from inside a call
  /// on the stream, and may destroy the stream.
  class watcher {
   public:
    virtual void on_ready(readiness what) = 0;

   protected:
    ~watcher() = default;
  };

  stream() = default;
  stream(const stream&) = delete;
  stream& operator=(const stream&) = delete;
  virtual ~stream() = default;

  /// Reads what is there, at most the size of `scratch`. The bytes returned stand in `scratch` or
  /// in memory of the stream's own, which spares a copy; they are consumed either way. `scratch` is
  /// not empty.
  virtual read_outcome read(bytes_span scratch) = 0;
  /// Takes as many of `bytes` as it can without waiting. `bytes` is not empty.
  virtual write_outcome write(bytes_view bytes) = 0;
  /// Ends the sending direction, in order, behind what was written (half-close).
  virtual void finish() = 0;
  /// Ends both directions at once; the other side sees an error.
  virtual void reset() noexcept = 0;
  /// Why reading or writing failed.
  virtual error_code error() const = 0;
  /// Reading is blocked although there may be more: the stream has had its share of this turn of
  /// the worker (turn_budget.hpp). The watcher hears of it in the next.
  virtual bool waits_for_turn() const { return false; }
  /// Whether the far end has said that it reached its service. Until then a failure means that the
  /// service saw nothing but what was written. A stream that cannot tell says yes.
  virtual bool confirmed() const { return true; }
  /// Another message begins on it: what it carried before says nothing about what comes.
  virtual void begin_message() {}
  /// The socket that this stream is nothing but, from now on: for splice. Else null.
  virtual socket* plain_socket() noexcept { return nullptr; }

  /// Names who hears of changes from now on; null: nobody. After taking a stream over, try it
  /// first: what became ready earlier is not told again.
  void watch(watcher* by) noexcept { watcher_ = by; }

 protected:
  watcher* watching() const noexcept { return watcher_; }

 private:
  watcher* watcher_ = nullptr;
};

}  // namespace frpx::net
