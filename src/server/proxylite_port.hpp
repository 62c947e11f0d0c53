// The port for proxylite clients, with what guards it.
#pragma once

#include <memory>

#include "config/options.hpp"
#include "net/listener.hpp"
#include "tunnel/proxylite/dialect.hpp"

namespace frpx::server {

/// The proxylite dialect on a port of its own. The wire asks nobody who he is, so the port is on
/// loopback unless the options name the networks that may come, or a token. Home worker, but for
/// `sessions`.
class proxylite_port {
 public:
  /// Null when the options ask for none. Throws start_error.
  static std::unique_ptr<proxylite_port> open(const config::frps_options& options,
                                              net::worker_pool& workers,
                                              tunnel::outer_ports& tunnels);

  std::uint16_t port() const { return listener_.port(); }
  /// Takes no further connections.
  void drain() { listener_.stop(); }
  /// Ends all tunnels' connections, soon.
  void end() { dialect_.end_all(); }
  /// Any thread.
  std::size_t sessions() const { return dialect_.sessions(); }

 private:
  proxylite_port(net::worker_pool& workers, tunnel::outer_ports& tunnels,
                 tunnel::proxylite::options how);

  tunnel::proxylite::dialect dialect_;
  net::listener listener_;
};

}  // namespace frpx::server
