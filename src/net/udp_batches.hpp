// The buffers through which the UDP sockets of one worker receive and send.
#pragma once

#include <sys/socket.h>
#include <sys/uio.h>

#include <array>
#include <memory>
#include <vector>

#include "core/bytes.hpp"
#include "net/poller.hpp"
#include "net/udp_address.hpp"
#include "net/udp_losses.hpp"

namespace frpx::net {

class udp_socket;

/// One system call for each datagram is most of what UDP costs. So a worker's sockets receive many
/// by one call, into buffers that all of them share, and what they send waits here to the end of
/// the wake-up, when each sends all that it has by one call. Neither allocates for a datagram.
///
/// Takes 2.5 MiB of memory, which the kernel provides as it is touched and not before the first
/// datagram. One worker only.
class udp_batches final : private poller::task {
 public:
  explicit udp_batches(poller& events) : events_(events) {}

  poller& events() { return events_; }
  /// What the sockets and streams of this worker have lost.
  udp_losses& losses() { return losses_; }
  /// Sends what waits; done by itself at the end of a wake-up.
  void flush();

 private:
  friend class udp_socket;

  // With UDP_GRO one message may hold many datagrams of one size.
  static constexpr std::size_t messages = 32;
  static constexpr std::size_t message_size = 64 * 1024;
  // Buffers 64 KiB apart would share the same lines of the processor's cache.
  static constexpr std::size_t message_stride = message_size + 19 * 64;
  static constexpr std::size_t waiting_bytes = 256 * 1024;
  static constexpr std::size_t most_waiting = 1024;
  static constexpr std::size_t control_size = 128;
  static constexpr std::uint32_t none = ~std::uint32_t{0};

  // A datagram to send; those of one socket are a list.
  struct waiting {
    std::uint32_t at;  // in `bytes`
    std::uint32_t size;
    std::uint32_t next;
    udp_route route;
  };
  // What one recvmmsg or sendmmsg needs.
  struct call {
    std::array<mmsghdr, messages> headers{};
    alignas(cmsghdr) std::array<std::array<std::byte, control_size>, messages> control{};
    std::unique_ptr<std::byte[]> bytes;
  };
  struct receiving : call {
    receiving();
    std::array<iovec, messages> parts{};
    std::array<udp_endpoint, messages> peers{};
  };
  struct sending : call {
    sending();
    std::array<iovec, most_waiting> parts{};
    // Of each message: the first datagram, and how many.
    std::array<std::uint32_t, messages> firsts{};
    std::array<std::uint32_t, messages> counts{};
    std::vector<waiting> queue;
    std::vector<udp_socket*> senders;
    std::size_t used = 0;  // of `bytes`
    bool flushing = false;
  };

  receiving& in();
  sending& out();
  /// False when it is lost.
  bool put(udp_socket& by, bytes_view datagram, const udp_route* route);
  void forget(const udp_socket& by);
  void run() override { flush(); }

  poller& events_;
  udp_losses losses_;
  std::unique_ptr<receiving> in_;
  std::unique_ptr<sending> out_;
};

}  // namespace frpx::net
