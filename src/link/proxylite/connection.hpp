// Many streams on one proxylite connection (docs/proxylite.md).
#pragma once

#include <chrono>
#include <deque>
#include <memory>
#include <unordered_map>
#include <unordered_set>

#include "core/result.hpp"
#include "link/proxylite/segment_stream.hpp"
#include "net/buffer.hpp"
#include "net/socket.hpp"
#include "net/turn_budget.hpp"
#include "net/worker.hpp"
#include "wire/proxylite/segment.hpp"

namespace frpx::link::proxylite {

/// Who gives the uids: the server opens streams, the client serves them.
enum class role : std::uint8_t { server, client };

struct options {
  std::size_t most_streams = 65'536;
  std::size_t stream_buffer = 4 * 1024 * 1024;  ///< What is kept for one stream, in bytes.
  std::size_t total_buffer = 64 * 1024 * 1024;  ///< And for all of them together.
  std::chrono::milliseconds stall{2'000};       ///< A full stream that takes nothing is ended.
  std::chrono::milliseconds half_close{1'000};  ///< Silence after which a half-close is said.
  std::chrono::milliseconds farewell{60'000};   ///< For an owner to end what its peer has ended.
};

/// The connection of a tunnel, once it is one. The protocol has no flow control between streams: a
/// stream whose buffer is full stops the reading of all, and is ended, alone, when its owner then
/// takes nothing for `stall`.
///
/// Belongs to one worker and is touched there only. It is cancelled by `end`. Its owner keeps it
/// until it has heard `on_tunnel_gone`.
class connection final : private net::stream::watcher, private net::deadline {
 public:
  /// The most that is read at once, and the size that `receive_buffer` should have.
  static constexpr std::size_t receive_size = 256 * 1024;
  static constexpr std::size_t most_ended = 4096;  ///< Ended uids that are remembered.

  class observer {
   public:
    /// Client: the server opens a stream, from inside a read. It may be dropped, which refuses it.
    virtual void on_tunnel_stream(std::unique_ptr<segment_stream>) {}
    /// The connection has ended and every stream of it has failed. Comes from the worker's loop,
    /// never from inside a call, and may destroy the connection.
    virtual void on_tunnel_gone(error_code why) = 0;

   protected:
    ~observer() = default;
  };

  /// `receive_buffer` may be shared by the connections of a worker, and by nothing else.
  connection(net::worker& on, std::unique_ptr<net::socket> socket, role side, options how,
             bytes_span receive_buffer, observer& by);
  ~connection();

  /// Begins, once. `behind`: bytes that were read behind the registration's last message.
  void start(bytes_view behind);
  /// Server: opens a stream. Errors: errc::too_many, errc::closed.
  result<std::unique_ptr<segment_stream>> open();
  /// Ends the connection and resets every stream.
  void end();

  std::size_t streams() const { return streams_.size(); }
  /// Bytes kept for owners that did not take them yet.
  std::size_t held() const { return held_; }
  bool is_reading() const { return !is_paused(); }

 private:
  friend class segment_stream;

  struct chore final : net::poller::task {
    chore(connection& of, void (connection::*what)()) : owner(of), action(what) {}
    void run() override { (owner.*action)(); }
    connection& owner;
    void (connection::*action)();
  };

  void on_ready(net::stream::readiness what) override;
  void expired() override;

  void read();
  void receive(bytes_view bytes);
  void take(const wire::proxylite::segment_piece& piece);
  segment_stream* find_or_make(const wire::proxylite::segment_piece& piece);
  void flush();
  void flush_soon() { on_.events().schedule_flush(flushing_); }
  std::size_t send(std::uint32_t uid, bytes_view bytes);
  std::size_t send_now(std::uint32_t uid, bytes_view bytes);
  void put_segment(std::uint32_t uid, std::uint32_t close, bytes_view bytes);
  void wake_waiting();
  void fail(error_code why);
  void be_gone();

  // For the streams.
  void say_close(std::uint32_t uid);
  void wait_for_room(segment_stream& who);
  void held_more(segment_stream& who, std::size_t bytes);
  void held_less(segment_stream& who, std::size_t bytes);
  void leave(segment_stream& who);
  void remember_ended(std::uint32_t uid);
  bool is_paused() const { return full_ > 0 || total_is_full_; }
  void pause();
  void resume_if_possible();

  net::worker& on_;
  const role side_;
  const options options_;
  std::unique_ptr<net::socket> socket_;
  const bytes_span receive_buffer_;
  observer& observer_;
  wire::proxylite::segment_reader reader_;
  net::buffer out_;
  net::turn_budget segments_;
  std::unordered_map<std::uint32_t, segment_stream*> streams_;
  std::deque<std::uint32_t> waiting_;         // for room in out_
  std::unordered_set<std::uint32_t> ended_;   // uids that are over
  std::deque<std::uint32_t> ended_in_order_;  // the oldest first
  std::size_t held_ = 0;
  std::size_t full_ = 0;  // streams whose buffer is full
  bool total_is_full_ = false;
  steady_time paused_at_{};
  chore flushing_{*this, &connection::flush};
  chore reading_{*this, &connection::read};
  chore going_{*this, &connection::be_gone};
  bool gone_ = false;
  error_code why_;
};

}  // namespace frpx::link::proxylite
