// What a link tells its owner.
#pragma once

#include <optional>

#include "core/result.hpp"
#include "link/frame.hpp"

namespace frpx::link {

/// How far a stream's receiving direction has come for the sink that takes its bytes.
enum class intake : std::uint8_t {
  flowing,  ///< More may come, or bytes are still pending.
  ended,    ///< FIN arrived and every byte before it was taken: pass the end on.
  moved,    ///< Every byte that the link carried was taken: go on with the own connection.
};

/// What happens to one stream. Calls come out of `machine::receive`, `gather`, `tick`,
/// `end_of_input` and `lost` only, on the worker that calls those; from inside a call every
/// function of the machine may be called but these five, and the machine must not be destroyed.
///
/// The object must live until the stream's last event: `on_reset`; `on_opened` with another status
/// than connected; its own call of `reset`, or of `opened` with a refusal; `finish` and
/// `intake::ended`; or, once it has called `move_sent`, the peer's half (`move_received`, or
/// both FINs after `move_lost`) and `intake::ended`/`moved`. Both in whichever order they come.
class stream_events {
 public:
  /// Server: the client has answered. Any status but connected ends the stream.
  virtual void on_opened(stream_id, open_status) {}
  /// Bytes arrived. Returns how many of them the sink took now; the machine keeps the rest, and all
  /// that arrives behind it, for `pending` and `consumed`. Not called while bytes are pending.
  virtual std::size_t on_data(stream_id id, bytes_view bytes) = 0;
  /// A datagram of a udp stream arrived; what cannot be sent on now is lost.
  virtual void on_datagram(stream_id, bytes_view) {}
  /// FIN arrived and every byte before it was taken.
  virtual void on_end(stream_id id) = 0;
  /// The stream is gone: pass a reset on, never a clean end. When the peer has sent it, what is
  /// still pending may be taken before; `reset` forgets it.
  virtual void on_reset(stream_id id, reset_code code) = 0;
  /// The stream's turn, after `prepare` or `send` took less than was offered: send up to a turn.
  virtual void on_writable(stream_id id) = 0;
  /// Server: this stream carries bulk, and `move` may be called for it. Said once.
  virtual void on_bulk(stream_id) {}
  /// Client: the server asks for an own connection, see `machine::move_sent`.
  virtual void on_move(stream_id, const uuid&) {}
  /// Every byte that the link carried in this direction was taken: read the own connection.
  virtual void on_moved(stream_id) {}

 protected:
  ~stream_events() = default;
};

/// How a client answers an OPEN.
struct acceptance {
  /// Who hears of the stream; null refuses it.
  stream_events* events = nullptr;
  /// Empty: a connect is in progress and `machine::opened` will follow; connected: at once;
  /// else the refusal.
  std::optional<open_status> status;
};

/// What happens to a link; called as `stream_events` are.
class link_events {
 public:
  /// The peer's first frame has arrived.
  virtual void on_up() {}
  /// Client: a stream is asked for. The request's texts are valid during the call only.
  virtual acceptance on_open(const open_request&) {
    return {nullptr, open_status::unknown_service};
  }
  /// No stream can be opened here any more, because the peer said so or ids are used up: order
  /// another link. Open streams go on.
  virtual void on_goaway(goaway_code code) = 0;
  /// The link's last event, after each stream's and when the last GOAWAY has been written: close
  /// the connection. No reason when the link was drained.
  virtual void on_closed(error_code reason) = 0;

 protected:
  ~link_events() = default;
};

}  // namespace frpx::link
