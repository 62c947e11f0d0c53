// One visitor of a UDP tunnel.
#pragma once

#include <boost/asio/awaitable.hpp>

#include <memory>

#include "net/datagram_queue.hpp"
#include "net/datagram_stream.hpp"
#include "net/idle_list.hpp"
#include "net/udp_address.hpp"
#include "tunnel/udp_gate.hpp"

namespace frpx::tunnel {

/// An association: a visitor's address and the datagram stream to the client that serves it. It
/// keeps its client while that lives; when the stream ends, its next datagram finds another of the
/// tunnel's clients. What comes while a stream is opened is held, up to 16 KiB.
///
/// Belongs to its gate's worker. The gate ends it; the coroutine that opens a stream keeps it until
/// then.
class udp_visitor final : public net::idle_list::member, private net::datagram_stream::watcher {
 public:
  /// Its place in the tunnel has been taken.
  udp_visitor(udp_gate& at, const net::udp_route& route);
  ~udp_visitor();

  const net::udp_endpoint& peer() const { return route_.peer; }
  /// A datagram of the visitor's.
  void take(const net::udp_route& route, bytes_view datagram, steady_time now);
  /// The gate has let go of it.
  void end();

 private:
  static boost::asio::awaitable<void> open(std::shared_ptr<udp_visitor> self);

  void on_datagram(bytes_view datagram) override;
  void on_gone(error_code why) override;
  void on_idle() override;
  void note(steady_time now);
  void pass_on(bytes_view datagram);
  void lose(net::udp_loss why, std::uint64_t datagrams);
  void drop_held();
  void serve_by(std::shared_ptr<session> client);
  void start(std::unique_ptr<net::datagram_stream> stream);

  const std::shared_ptr<tunnel> of_;
  net::worker& on_;
  udp_gate* gate_;  // null once it has ended
  net::udp_route route_;
  std::shared_ptr<session> client_;
  std::unique_ptr<net::datagram_stream> stream_;
  net::datagram_queue held_;
  steady_time opened_{};      // when the stream was
  steady_time open_after_{};  // a failure is not repeated for each datagram
  std::uint64_t failed_client_ =
      0;  // the session whose stream ended last, unless it answered since
  bool opening_ = false;
  bool answered_ = false;
};

}  // namespace frpx::tunnel
