// The shell around the machine: one link on one socket.
#pragma once

#include <functional>
#include <memory>
#include <string_view>
#include <vector>

#include "link/linked_datagrams.hpp"
#include "link/linked_stream.hpp"
#include "link/machine.hpp"
#include "net/socket.hpp"
#include "net/wakeup.hpp"
#include "net/worker.hpp"

namespace frpx::link {

/// Reads, writes and ticks for a machine. All that one wake-up yields leaves by one call; one read
/// takes up to 256 KiB.
///
/// Belongs to one worker and is touched there only. It is cancelled by `end`. Its owner keeps it
/// until it has heard `on_link_gone`.
class connection final : private link_events, private net::stream::watcher, private net::deadline {
 public:
  /// Hears what becomes of the link. `on_link_gone` comes from the worker's loop, never from inside
  /// a call, and may destroy the connection; the others must not.
  class observer {
   public:
    /// The peer's first frame has come.
    virtual void on_link_up(connection&) {}
    /// No stream can be opened any more; those that are open go on.
    virtual void on_link_draining(connection&) {}
    /// Client: the server opens a stream. A refusal is returned at once, or nothing and
    /// `linked_stream::answer` follows.
    virtual std::optional<open_status> on_link_stream(connection&, std::unique_ptr<linked_stream>,
                                                      const open_request&) {
      return open_status::unknown_service;
    }
    /// Client: the server opens a udp stream, which is taken or refused at once: its first
    /// datagram comes right behind.
    virtual open_status on_link_datagrams(connection&, std::unique_ptr<linked_datagrams>,
                                          const open_request&) {
      return open_status::unknown_service;
    }
    /// Client: the server wants the stream on an own connection, under that one-time id.
    virtual void on_link_move(connection&, linked_stream&, const uuid&) {}
    /// The link has ended, `why` is empty when in order; no stream of it is left.
    virtual void on_link_gone(connection& which, error_code why) = 0;

   protected:
    ~observer() = default;
  };

  /// `receive_buffer` is shared by the links of a worker, and by nothing else: 256 KiB are right.
  /// `owns` is the session's.
  connection(net::worker& on, std::unique_ptr<net::socket> socket, role side, const options& how,
             bytes_span receive_buffer, own_streams& owns, observer& by);
  ~connection();

  /// Begins, once. `behind`: bytes that were read behind the frame that made this a link.
  void start(bytes_view behind);
  /// Server: opens a stream. Errors: those of machine::open.
  result<std::unique_ptr<linked_stream>> open(stream_kind kind, std::string_view service,
                                              std::string_view visitor);
  /// The same for a udp stream. Datagrams may be sent at once; a refusal is told as its end.
  result<std::unique_ptr<linked_datagrams>> open_datagrams(std::string_view service,
                                                           std::string_view visitor);
  /// Ends the link: gently with goaway_code::drain, else resetting every stream.
  void end(goaway_code code);

  /// Waits for the next bytes from the peer, and has it asked for some (PING) if it owes none. May
  /// outlive the link, and then waits in vain.
  class sign {
   public:
    sign(connection& of, net::wakeup& bell);
    sign(const sign&) = delete;
    sign& operator=(const sign&) = delete;
    ~sign();
    bool came() const { return came_; }

   private:
    friend class connection;
    connection* of_;  // null when there is nothing more to wait for
    net::wakeup& bell_;
    bool came_ = false;
  };

  /// Whether a new stream should take this link.
  bool is_fit() const;
  std::size_t streams() const { return machine_.live_streams(); }
  const machine& state() const { return machine_; }
  bool is_server() const { return side_ == role::server; }

 private:
  friend class linked_stream;
  friend class linked_datagrams;

  // One of the two things that are done after the events at hand.
  struct chore final : net::poller::task {
    chore(connection& of, void (connection::*what)()) : owner(of), action(what) {}
    void run() override { (owner.*action)(); }
    connection& owner;
    void (connection::*action)();
  };

  void on_ready(net::stream::readiness what) override;
  void expired() override;
  void on_up() override { observer_.on_link_up(*this); }
  acceptance on_open(const open_request& request) override;
  acceptance on_open_datagrams(const open_request& request);
  void on_goaway(goaway_code) override { observer_.on_link_draining(*this); }
  void on_closed(error_code reason) override;

  void order_own(linked_stream& stream);
  void note_dropped(std::uint64_t datagrams) {
    on_.udp().losses().count(net::udp_loss::queue, datagrams);
  }
  void read();
  void tell_signs(bool came);
  void flush();
  void flush_soon() { on_.events().schedule_flush(flushing_); }
  void follow_phase();
  void go_if_done();
  void be_gone();

  net::worker& on_;
  const role side_;
  std::unique_ptr<net::socket> socket_;
  machine machine_;
  const bytes_span receive_buffer_;
  own_streams& owns_;
  observer& observer_;
  chore flushing_{*this, &connection::flush};
  chore reading_{*this, &connection::read};
  chore going_{*this, &connection::be_gone};
  std::uint64_t written_ = 0;
  std::vector<sign*> signs_;
  bool closed_ = false;
  error_code why_;
};

}  // namespace frpx::link
