// `link/1` without I/O: the state of one link, bytes and events in, bytes and events out.
#pragma once

#include <sys/uio.h>

#include <array>
#include <limits>
#include <memory>
#include <span>

#include "core/clock.hpp"
#include "link/errc.hpp"
#include "link/events.hpp"
#include "link/ledger.hpp"
#include "link/liveness.hpp"
#include "link/outbox.hpp"
#include "link/stream_table.hpp"

namespace frpx::link {

/// What a GOAWAY that is not gentle says of the link's end.
errc reason_of(goaway_code code);

enum class role : std::uint8_t { server, client };

struct options {
  std::uint32_t streams = 1024;         ///< Streams at once; the client's word in NewLink.
  std::uint32_t associations = 10'000;  ///< And udp streams besides; the client's word too.
  std::uint32_t early = 32 * 1024;      ///< Bytes behind OPEN before OPENED; the client's word too.
  std::uint32_t floor = 16 * 1024;      ///< Bytes that each stream is always promised.
  std::uint64_t bound = 64 << 20;       ///< What may be promised on this link together, in bytes.
  credit_pool* pool = nullptr;  ///< The program's bound over all links; outlives the machine.
  std::uint32_t move_after = 256 * 1024;  ///< Bulk in one direction, in bytes; 0 for never.
  stream_id last_id = 0x7fff'ffff;        ///< The last stream of a link.
};

/// What the shell has to do with the connection.
enum class phase : std::uint8_t {
  open,     ///< Read, and write what `gather` yields.
  shut,     ///< Drained, everything is written: shut down writing, read on until `close_by`.
  closing,  ///< Failed: write what `gather` still yields until `close_by`, read no more.
  closed,   ///< Close now; `on_closed` was called.
};

struct statistics {
  std::uint64_t frames_in = 0;
  std::uint64_t frames_out = 0;
  std::uint64_t streams_opened = 0;
  std::uint64_t datagrams_dropped = 0;  ///< Older ones that newer ones pushed out, mostly.
};

/// A stream's credit. Of a direction's two ends, `credit + framed` of the sender never exceeds
/// `window + received` of the receiver, and equals it when nothing is on its way.
struct account {
  std::uint32_t credit = 0;    ///< What we may still send.
  std::uint64_t framed = 0;    ///< DATA bytes that we put into frames.
  std::uint32_t window = 0;    ///< What the peer may still send.
  std::uint64_t received = 0;  ///< DATA bytes that have come.
  std::uint32_t promised = 0;  ///< What was given and is not consumed.
};

/// One link: many streams on one connection, with credit per stream and bounds on everything.
///
/// It promises that whatever the peer sends its memory stays within `options::bound` (and a fixed
/// sum for what waits to be written), so its reader never has to stop; that the frames of a stream
/// keep their order and control frames overtake data; that waiting streams send in turns of 16 KiB;
/// and that nothing is allocated while small messages flow steadily.
///
/// It belongs to one worker. It holds no socket and no timer: the shell calls `receive` with
/// whatever was read, `gather` and `wrote` around one `writev` per wake-up, and `tick` once a
/// second. The functions about streams never call back; unknown or ended ids are ignored by them.
/// It is cancelled by `goaway(goaway_code::session_over)` or `lost`. Destroying it calls nobody.
class machine {
 public:
  /// `events` outlives the machine. A server's first frame, a PING, waits in `gather` at once; a
  /// client's `gather` yields nothing before that frame has arrived.
  machine(role side, const options& how, link_events& events, steady_time now);
  ~machine();
  machine(const machine&) = delete;
  machine& operator=(const machine&) = delete;

  // --- the connection ---

  /// Tells the time, when a wake-up begins with anything but the calls that take it.
  void wake(steady_time now);
  /// Handles bytes from the peer, cut anywhere: whole frames at once, the rest is remembered.
  /// Begins at most `most_frames` frames and returns how many bytes it used.
  std::size_t receive(bytes_view in, steady_time now,
                      std::uint64_t most_frames = std::numeric_limits<std::uint64_t>::max());
  /// The peer has shut down writing: the end of a drained link, else its death.
  void end_of_input(steady_time now);
  /// The connection has failed.
  void lost(steady_time now);
  /// Gives the waiting streams their turns and points `into` (3 or more) at all that may be written
  /// now, in order. Returns how many were filled, 0 when there is nothing. The bytes stay until the
  /// next call of any other function but `wrote`.
  std::size_t gather(std::span<iovec> into, steady_time now);
  /// `count` of the gathered bytes were written. Call `gather` again while all of them were.
  void wrote(std::size_t count);
  /// Once a second: liveness, unspent credit, memory. `acknowledged`: how many of the bytes that
  /// were `wrote` TCP has acknowledged (all of them but SIOCOUTQ).
  void tick(steady_time now, std::uint64_t acknowledged);
  /// Ends the link. Drain and ids_used_up: no more streams, the open ones go on. Any other code
  /// resets every stream, out of the next `tick` or `gather`, and closes.
  void goaway(goaway_code code);

  phase state() const { return phase_; }
  /// When a link that is shut or closing has to be closed at the latest.
  steady_time close_by() const { return close_by_; }
  /// Has the peer say something: a PING goes out, unless one is unanswered already.
  void ask_for_sign(steady_time now);
  /// A PING or an OPEN is unanswered for 1 s and nothing has arrived since: prefer another way.
  bool suspect(steady_time now) const { return liveness_.suspect(now); }
  /// Whether `open` may succeed (server).
  bool accepting() const { return phase_ == phase::open && !goaway_known_; }

  // --- streams: opening and ending ---

  /// Server: orders a stream. `send` may follow at once, up to `early` bytes. `events` lives until
  /// the stream's last event. Errors: draining, too_many, no_room, bad_name, ids_used_up, closed.
  result<stream_id> open(stream_kind kind, std::string_view service, std::string_view visitor,
                         stream_events& events);
  /// Client: the connect to the local service is over. Connected: write what is `pending`; the
  /// result says whether the direction has ended already. Anything else ends the stream.
  [[nodiscard]] intake opened(stream_id id, open_status status);
  /// Half-close behind everything sent.
  void finish(stream_id id);
  /// Ends the stream at once, in both directions; what is queued is dropped.
  void reset(stream_id id, reset_code code);
  /// The same, but the peer still gets the bytes that were sent: what a service said before it
  /// broke off says why.
  void reset_behind(stream_id id, reset_code code);

  // --- streams: bytes ---

  /// Where to read up to its size of the stream's next bytes: straight into the link's buffer.
  /// Empty when there is no credit, or it is not this stream's turn: `on_writable` will come.
  /// Nothing else of the machine may be called before `commit`, or until the span is forgotten.
  bytes_span prepare(stream_id id);
  void commit(stream_id id, std::size_t count);
  /// The same for bytes in hand; returns how many were taken. `on_writable` comes when fewer.
  std::size_t send(stream_id id, bytes_view bytes);
  /// One datagram of a udp stream, up to `longest_datagram` bytes. Where the queue is full it
  /// pushes out the oldest that wait; false when it was dropped itself, for the stream is not open.
  bool send_datagram(stream_id id, bytes_view datagram);
  /// The bytes that arrived and were not taken, in order; returns how many parts were filled.
  std::size_t pending(stream_id id, std::span<iovec> into) const;
  /// The sink took `count` of the pending bytes (or they were discarded).
  [[nodiscard]] intake consumed(stream_id id, std::size_t count);
  /// An HTTP message begins: what came before does not count towards `on_bulk`.
  void message_began(stream_id id);

  // --- streams: moving to an own connection (docs/link.md, MOVE) ---

  /// Server: sends MOVE with a one-time id. False when the stream was asked before or has ended, or
  /// the client's direction has.
  bool move(stream_id id, const uuid& one_time_id);
  /// Whether the stream lives, its sending is still on the link and, at the server, so is the
  /// client's.
  bool may_move(stream_id id) const;
  /// The DATA bytes framed in our direction: the n of the 8 bytes. Empty when the stream has ended
  /// on the link meanwhile; the own connection is closed then, without the 8 bytes.
  std::optional<std::uint64_t> framed(stream_id id) const;
  /// Our 8 bytes with `framed(id)` were written on the own connection; from here on our bytes go
  /// there, and the link takes none. The server has to see the client's 8 bytes within 10 s.
  void move_sent(stream_id id);
  /// The peer's 8 bytes were read: `n` bytes come by the link, then the own connection goes on.
  /// Errors: unknown_stream (left already, or it was reset), misplaced_move (the link fails).
  result<intake> move_received(stream_id id, std::uint64_t n);
  /// Server: the own connection ended after our 8 bytes and before the client's. Where both
  /// directions have FIN by the link, now or within those 10 s, the client did not need it. Else
  /// the stream is reset, but what the client says by the link within a second still comes.
  void move_lost(stream_id id);

  // --- what tests and metrics look at ---

  const ledger& credit_ledger() const { return ledger_; }
  const statistics& counters() const { return statistics_; }
  std::size_t live_streams() const { return live_; }
  /// Streams whose sink still has bytes to take, though the link is done with them: keep the
  /// machine until there is none.
  std::size_t held_streams() const { return table_.size(); }
  /// One stream's credit, both ways, while it lives.
  std::optional<account> look(stream_id id) const;
  /// What is held for sinks and for the connection, in bytes of memory.
  std::size_t held_bytes() const;
  /// The sum of what is promised to the peer's streams; `credit_ledger().used()` or less.
  std::uint64_t promised();

 private:
  // What arrives: machine_receive.cpp
  void begin_frame(const frame_header& header);
  bytes_view collect_header(bytes_view in);
  bytes_view take_payload(bytes_view in);
  void handle(bytes_view payload);
  stream* addressed();
  void begin_data();
  void deliver(bytes_view part);
  void frame_delivered(stream& s);
  void handle_open(bytes_view payload);
  void handle_opened(bytes_view payload);
  void handle_fin();
  void handle_reset(bytes_view payload);
  void forget_unwritten();
  void handle_credit(std::uint32_t amount);
  bool gain_credit(stream& s, std::uint32_t amount);
  void handle_return(std::uint32_t amount);
  void handle_datagram(bytes_view payload);
  void handle_move(bytes_view payload);
  void handle_goaway(bytes_view payload);

  // What leaves: machine_send.cpp
  void give_turns();
  void give_datagram_turn(stream& s);
  std::size_t next_datagram(const stream& s) const;
  void drop_oldest(stream& s);
  void tell_bulk();
  bool stage_control();
  bool stage_orders();
  std::size_t stage_stream(stream& s, std::byte* to);
  std::size_t turn_limit(const stream& s) const;
  void order(bytes_view frame) { orders_.append(pages_, frame); }
  void commit_datagram(stream& s, std::size_t size);
  void note_run(std::uint32_t& run, std::uint32_t& at, std::uint32_t& other_run, std::size_t bytes,
                stream& s);

  // What is promised: machine_credit.cpp
  std::uint32_t promise_at_first(stream& s);
  void took(stream& s, std::size_t count);
  void replenish(stream& s);
  void retarget(stream& s);
  void set_target(stream& s, std::uint32_t goal);
  void stop_receiving(stream& s, std::uint64_t total);
  void return_unspent(stream& s);
  void release(stream& s);

  // Beginnings and ends: machine.cpp
  bool has_place(stream_kind kind) const;
  stream* find_live(stream_id id) const;
  stream* find_sending(stream_id id) const;
  stream& enter(stream_id id, stream_kind kind, stream_state state);
  bool has_arrived(const stream& s) const;
  intake standing(stream& s);
  void refuse(stream& s, open_status status);
  void conclude(stream& s);
  void cease(stream& s);
  void terminate(stream& s);
  void drop_unwritten(stream& s);
  void settle(stream& s);
  void uncount(stream& s);
  void fail(goaway_code code, errc why);
  void fail_as_due();
  void die(error_code why);
  void end_streams();
  void close(error_code why);
  void expect_move(stream& s);
  void ask();
  bool may_speak() const { return side_ == role::server || up_; }
  bool reading() const { return phase_ == phase::open || phase_ == phase::shut; }
  bool is_drained() const { return server_goaway_ && live_ == 0; }
  void shut_when_drained();

  const role side_;
  const options how_;
  link_events& events_;
  const std::uint32_t floor_;  ///< What is promised to every stream, in bytes.
  const steady_time epoch_;
  steady_time now_;
  std::uint32_t clock_us_ = 0;  ///< Since `epoch_`; wraps, and only differences are looked at.
  std::uint32_t tick_ = 0;
  std::uint64_t frames_at_tick_ = 0;
  std::uint32_t pings_ = 0;  ///< Received since the last tick.

  phase phase_ = phase::open;
  steady_time close_by_;
  error_code failure_;          ///< Why the link is closing; none while it is well.
  bool up_ = false;             ///< The peer's first frame has come.
  bool goaway_known_ = false;   ///< GOAWAY was sent or received: no stream is opened any more.
  bool server_goaway_ = false;  ///< The server's GOAWAY has left, or has come.
  bool goaway_sent_ = false;    ///< Ours, or it waits to be written.
  bool pressed_ = false;        ///< Since the last tick a stream wanted more than the ledger had.
  std::optional<goaway_code> goaway_due_;
  std::optional<goaway_code> failure_due_;
  bool ping_due_ = false;
  std::optional<std::uint64_t> pong_due_;

  page_pool pages_;
  ledger ledger_;
  liveness liveness_;
  outbox outbox_;
  stream_table table_;
  std::size_t live_ = 0;      ///< Streams that count against the limits.
  std::size_t live_udp_ = 0;  ///< Of them, udp streams.
  stream_id last_id_ = 0;     ///< Server: the last opened; client: the last that was asked for.
  stream_id last_left_ = 0;   ///< Server: the last whose OPEN is on its way.
  byte_queue orders_;         ///< OPEN and MOVE frames, in order.
  stream_list<&stream::control> owing_;
  stream_list<&stream::turn> turns_;
  stream* turn_ = nullptr;  ///< Whose turn it is.
  std::size_t turn_left_ = 0;
  std::size_t datagram_bytes_ = 0;  ///< Queued datagrams of all streams.
  std::array<stream_id, 16> bulk_{};
  std::size_t bulk_count_ = 0;

  std::array<std::byte, header_size> header_{};
  std::size_t header_have_ = 0;
  frame_header frame_;           ///< The frame whose payload is arriving.
  std::size_t left_ = 0;         ///< Bytes of that payload still to come.
  stream* current_ = nullptr;    ///< The stream that takes this DATA; null to drop it.
  std::vector<std::byte> held_;  ///< The payload so far, of a frame that was cut.

  statistics statistics_;
};

}  // namespace frpx::link
