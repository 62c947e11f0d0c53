/// @file
/// The embedded server.
#pragma once

#include <frpx/context.hpp>
#include <frpx/options.hpp>
#include <frpx/result.hpp>
#include <frpx/service.hpp>

#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

namespace frpx {

/// Gives outer ports to clients, ours and those of the public proxylite package, and joins each
/// visitor of such a port with the client's inner service. Needs no account, no database and no
/// file; every server has threads of its own, and any number of them may live in one process.
///
/// Thread safety: hooks, logger and options are set by one thread, before `start`. `add_ports`,
/// `start`, `run`, `stop` and `port` may be called from any thread at any time, but not from a
/// hook or the logger.
class tunnel_server {
 public:
  /// A server that gives these ports; invalid ranges are left out. Does nothing before `start`.
  explicit tunnel_server(std::vector<port_range> ports = {}, server_options options = {});
  /// Takes the other's place; the other may only be destroyed then.
  tunnel_server(tunnel_server&& other) noexcept;
  /// Stops, and takes the other's place.
  tunnel_server& operator=(tunnel_server&& other) noexcept;
  /// Stops.
  ~tunnel_server();

  /// Gives these ports too, from now on. False for an invalid range: 0, or downwards.
  bool add_ports(std::uint16_t from, std::uint16_t to);

  /// Gets the lines of the log.
  void set_logger(logger to);
  /// A tunnel was opened.
  void on_tunnel_created(hook call);
  /// A tunnel has ended, and its last visitor has left.
  void on_tunnel_destroyed(hook call);
  /// A visitor has come. Abort it here and it never reaches the service.
  void on_user_coming(hook call);
  /// A visitor leaves.
  void on_user_leaving(hook call);
  /// Bytes of a visitor are on their way to the service. Without this hook and the next one bytes
  /// take the kernel's way and are not looked at.
  void on_forward_user_to_tunnel(hook call);
  /// Bytes of the service are on their way to a visitor.
  void on_forward_tunnel_to_user(hook call);

  /// Listens at `address` (`127.0.0.1:9933`; `:9933` is every address; port 0 is any free one) and
  /// returns; from then on it serves. There is no encryption, and without a token or an allow list
  /// whoever reaches the address may open tunnels: a warning says so when it is not loopback.
  /// Errors: bad_argument, cannot_listen, already_running.
  result<void> start(std::string_view address);
  /// The same, and returns only once `stop` was called.
  result<void> run(std::string_view address);
  /// Ends all tunnels and threads; returns when they have ended. It may be started again. Nothing
  /// if it does not run.
  void stop();
  /// The port it listens on; 0 while it does not run.
  std::uint16_t port() const;

 private:
  class parts;
  std::unique_ptr<parts> parts_;
};

}  // namespace frpx
