// A TCP connection as a stream.
#pragma once

#include <sys/uio.h>

#include <boost/asio/ip/tcp.hpp>

#include <chrono>
#include <string>
#include <vector>

#include "net/fd.hpp"
#include "net/poller.hpp"
#include "net/stream.hpp"
#include "net/turn_budget.hpp"

namespace frpx::net {

using endpoint = boost::asio::ip::tcp::endpoint;

/// A connected (or connecting) TCP socket on its worker's poller. No buffers: an idle one costs
/// this object and what the kernel holds.
///
/// In one turn of the worker it gives up to `turn_bytes`, in at most `turn_reads` reads, and then
/// says that it is blocked. So every loop that reads until nothing is there lets others run.
class socket : public stream, private poller::source, private poller::task {
 public:
  static constexpr std::uint32_t turn_bytes = 512 * 1024;
  static constexpr std::uint32_t turn_reads = 16;

  /// Takes `fd`, which is non-blocking. One whose connect is under way (`connected` false) is told
  /// as writable once it is decided. With `failed`, or when the poller cannot watch `fd`, the
  /// socket starts broken.
  socket(poller& events, unique_fd fd, bool connected = true, error_code failed = {});
  ~socket() override;

  read_outcome read(bytes_span scratch) override;
  write_outcome write(bytes_view bytes) override;
  /// The same for bytes in several places, at most 64 of them, with one call.
  write_outcome write(std::span<const iovec> parts);
  void finish() override;
  void reset() noexcept override;
  error_code error() const override { return error_ ? error_ : write_error_; }
  bool waits_for_turn() const override { return scheduled(); }
  socket* plain_socket() noexcept override { return unread_.empty() ? this : nullptr; }
  int descriptor() const noexcept { return fd_.get(); }

  /// Puts bytes that were read already in front of what is to be read.
  void unread(bytes_view bytes) { unread_.insert(unread_.begin(), bytes.begin(), bytes.end()); }
  /// Nothing more is read in this turn: a reader of frames has taken its share of them.
  void end_turn() { budget_.use(turn_bytes); }
  /// Resets the connection and tells the watcher, which may destroy the socket. For who ends a
  /// stream from outside, on the worker's loop.
  void break_off();

  /// As `read`, into an empty pipe (splice, on a thread that blocks SIGPIPE): at most `most` bytes.
  write_outcome splice_into(int pipe, std::size_t most);
  /// As `write`, the first `most` of the bytes that a pipe holds.
  write_outcome splice_from(int pipe, std::size_t most);

  /// For who waits for a connect: whether it has come to an end, and which.
  bool connect_decided() const noexcept { return writable_ || error_; }
  error_code take_connect_error();

  /// Gives the descriptor away, unwatched, for another worker.
  unique_fd release();

 private:
  void on_events(std::uint32_t events) override;
  void run() override;
  io_state wait_for_turn();
  void count_read(std::size_t bytes);
  read_outcome read_unread(bytes_span scratch);
  io_state end_reading(ssize_t count);
  io_state refuse_writing();
  void close() noexcept;

  poller& events_;
  turn_budget budget_;
  std::vector<std::byte> unread_;  // in front of what the kernel holds; mostly empty
  unique_fd fd_;
  error_code error_;
  error_code write_error_;  // while there may still be something to read
  bool readable_ = true;    // an edge came since the last EAGAIN, or since reading it empty
  bool writable_ = true;
  bool read_to_end_ = false;  // a short read proves nothing: an end or urgent data is behind it
  bool read_end_ = false;
  bool finished_ = false;
};

/// Sets TCP_NODELAY and keep-alive (60 s idle, 15 s apart, 4 probes).
void tune_stream(int fd);
/// For a connection that stays within this machine, before it is made, or its listener: where the
/// system's congestion control is BBR, Reno instead. BBR sends by a timer, which on a loopback
/// costs more than the sending and holds it to a fraction of what it carries.
void tune_loopback(int fd);
/// Sets TCP_NODELAY and TCP_USER_TIMEOUT, for control connections and links.
void tune_control(int fd, std::chrono::milliseconds user_timeout);

/// The same for links, and TCP_NOTSENT_LOWAT: what waits is kept here, where control frames can
/// overtake it, not in the kernel.
void tune_link(int fd, std::chrono::milliseconds user_timeout);

/// `1.2.3.4:80` or `[::1]:80`; an IPv4 address that an IPv6 socket mapped is shown as IPv4.
std::string to_string(const endpoint& address);
endpoint peer_of(int fd);
/// Our own address on a connection.
endpoint local_of(int fd);

/// Closes a connection so that its other side sees a reset.
void reset(unique_fd fd);

}  // namespace frpx::net
