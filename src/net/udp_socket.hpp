// A UDP socket that moves its datagrams in batches.
#pragma once

#include <cstdint>
#include <string>

#include "core/result.hpp"
#include "net/datagram_queue.hpp"
#include "net/datagram_stream.hpp"
#include "net/fd.hpp"
#include "net/udp_batches.hpp"

namespace frpx::net {

/// Receives and sends datagrams of 0 to 65,507 bytes on its worker's poller, many by one system
/// call and, where the kernel can, many by one passage through its network stack (UDP_GRO,
/// UDP_SEGMENT); who uses it sees single datagrams. What the network cannot take now waits within a
/// bound, from which the oldest is lost.
///
/// Belongs to one worker and is touched there only. Errors that the network reports (ICMP) concern
/// one datagram that is lost; the socket goes on.
class udp_socket final : private poller::source, private poller::task {
 public:
  /// Hears what arrives, from the worker's loop; the calls must not destroy the socket.
  class receiver {
   public:
    /// `datagram` is valid during the call; `from` says nothing on a connected socket.
    virtual void on_datagram(const udp_route& from, bytes_view datagram) = 0;
    /// A connected socket: the peer's host, or the way there, refused a datagram.
    virtual void on_refused(error_code) {}

   protected:
    ~receiver() = default;
  };

  /// Since the start.
  struct counters {
    std::uint64_t received = 0;
    std::uint64_t sent = 0;
    std::uint64_t lost = 0;  ///< Of those to send: pushed out while they waited, or refused.
  };

  /// Takes `fd`, of one of the functions below; `batches` and `by` outlive the socket.
  udp_socket(udp_batches& batches, unique_fd fd, receiver& by);
  ~udp_socket();
  udp_socket(const udp_socket&) = delete;
  udp_socket& operator=(const udp_socket&) = delete;

  /// Sends one datagram at the end of this wake-up: to `route.peer`, or on a connected socket.
  void send(bytes_view datagram, const udp_route& route) { put(datagram, &route); }
  void send(bytes_view datagram) { put(datagram, nullptr); }

  /// The address and port that it is bound to.
  udp_endpoint local() const;
  const counters& totals() const { return totals_; }

 private:
  friend class udp_batches;

  void on_events(std::uint32_t events) override;
  void run() override { read(); }
  void read();
  void tell(const udp_batches::receiving& from, std::size_t index);

  void put(bytes_view datagram, const udp_route* route);
  void lose(std::uint64_t datagrams);
  void flush(udp_batches::sending& from);
  std::uint32_t plan(udp_batches::sending& from, std::uint32_t next, std::size_t& count) const;
  std::uint32_t add_message(udp_batches::sending& from, std::uint32_t next, std::size_t index,
                            std::size_t& parts) const;
  std::uint32_t after_refusal(const udp_batches::sending& from, std::uint32_t next);
  void wait(const udp_batches::waiting& datagram, const udp_batches::sending& from);
  void send_waiting();

  udp_batches& batches_;
  const unique_fd fd_;
  receiver& receiver_;
  const bool is_connected_;
  bool blocked_ = false;                     // the network takes nothing now
  bool told_refusal_ = false;                // and what was refused has not been tried again
  std::size_t batch_ = 4;                    // how many to ask for: fewer when they are long
  std::size_t segment_limit_;                // longer datagrams leave one by one
  std::uint32_t first_ = udp_batches::none;  // of its datagrams in the batch
  std::uint32_t last_ = udp_batches::none;
  datagram_queue waiting_;
  counters totals_;
  std::uint32_t overflows_ = 0;  // of the kernel's buffer, as it counts them
};

/// A socket that is bound to `address` for datagrams of anybody: an IP address, `::` meaning all
/// addresses of both families; port 0 lets the system choose. Fails when any program has the port,
/// even one that would share it.
result<unique_fd> bind_udp(const std::string& address, std::uint16_t port);
/// A further socket on the port of `first`: the kernel spreads the peers over all of them, and each
/// peer keeps its socket while none is added or closed.
result<unique_fd> share_udp(const unique_fd& first);
/// A socket with a port of its own that talks with `peer` alone.
result<unique_fd> connect_udp(const udp_endpoint& peer);

}  // namespace frpx::net
