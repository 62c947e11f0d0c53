// The seam of the data path for datagrams.
#pragma once

#include <cstddef>

#include "core/bytes.hpp"
#include "core/result.hpp"

namespace frpx::net {

/// The longest datagram that is carried, in bytes: what fits an IPv4 packet.
inline constexpr std::size_t longest_datagram = 65'507;

/// Datagrams both ways between one visitor and one local service, whatever carries them: a stream
/// of a link, or a connection of its own. Boundaries are kept, order mostly is; like all of UDP it
/// may lose: what finds no room pushes out the oldest that waits.
///
/// Belongs to one worker and is touched there only. Nothing waits. Destroying it ends it.
class datagram_stream {
 public:
  /// Hears what arrives; the calls come from the worker's loop, never from inside `send`.
  class watcher {
   public:
    /// `datagram` is valid during the call, which must not destroy the stream.
    virtual void on_datagram(bytes_view datagram) = 0;
    /// The other end, or the way there, has gone. The call may destroy the stream.
    virtual void on_gone(error_code why) = 0;

   protected:
    ~watcher() = default;
  };

  datagram_stream() = default;
  datagram_stream(const datagram_stream&) = delete;
  datagram_stream& operator=(const datagram_stream&) = delete;
  virtual ~datagram_stream() = default;

  /// Sends one datagram of 0 to `longest_datagram` bytes; a longer one is lost.
  virtual void send(bytes_view datagram) = 0;

  /// Names who hears from now on; null: nobody, and what arrives is lost.
  void watch(watcher* by) noexcept { watcher_ = by; }

 protected:
  watcher* watching() const noexcept { return watcher_; }

 private:
  watcher* watcher_ = nullptr;
};

}  // namespace frpx::net
