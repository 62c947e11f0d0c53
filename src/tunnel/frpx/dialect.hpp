// The server's side of the frpx dialect (docs/wire.md).
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <unordered_map>
#include <vector>

#include "identity/logins.hpp"
#include "net/admission.hpp"
#include "net/blocking_pool.hpp"
#include "net/listener.hpp"
#include "net/worker.hpp"
#include "ports/leases.hpp"
#include "tunnel/frpx/links.hpp"
#include "tunnel/frpx/proxy_streams.hpp"
#include "tunnel/outer_ports.hpp"
#include "tunnel/registry.hpp"

namespace frpx::tunnel::frpx_dialect {

class control_connection;

struct options {
  std::chrono::milliseconds first_frame{5'000};
  std::chrono::milliseconds login{10'000};
  std::chrono::milliseconds client_silence{15'000};
  std::chrono::milliseconds public_client_silence{45'000};
  std::size_t most_pending = 1024;  ///< Connections without a login, to either port.
  bool offers_links = true;
  std::uint64_t link_credit = 1ull
                              << 30;      ///< What may be promised on all links together, in bytes.
  std::uint32_t most_ports = 0;           ///< Outer ports of one account at once; 0: any number.
  std::uint32_t move_after = 256 * 1024;  ///< Bytes of bulk that stay on the link; 0: all.
};

/// What the parts of a server that a dialect needs are called here.
struct surroundings {
  net::worker_pool& workers;
  registry& clients;
  outer_ports& tunnels;
  ports::leases* leases;  ///< Of outer ports; null: none are kept.
  identity::logins& logins;
  net::blocking_pool& passwords;  ///< One thread: each check takes 19 MiB.
  net::blocking_pool& blocking;
};

/// Lets clients log in on the control port, and brings their streams in on the proxy port. Control
/// connections live on the home worker, streams on the worker of their visitor.
class dialect {
 public:
  dialect(surroundings around, options how);
  ~dialect();

  /// Handlers for the two listeners; the control port's places its connections at home.
  void accept_control(net::worker& on, net::accepted one);
  void accept_proxy(net::worker& on, net::accepted one);

  const surroundings& around() const { return around_; }
  const options& how() const { return options_; }
  /// Streams that were asked for and have not come, on all workers. Any thread.
  std::size_t pending() const;
  /// Links that are up, on all workers. Any thread.
  std::size_t links_up() const;
  /// Connections that the proxy port has accepted, ever. Any thread.
  std::uint64_t proxy_connections() const { return proxy_connections_.load(); }
  /// Any thread.
  std::size_t sessions() const { return sessions_.load(); }
  proxy_streams& streams_of(const net::worker& on) { return *streams_[on.index()]; }
  links& links_of(const net::worker& on) { return *links_[on.index()]; }

  // Home worker only.

  /// Asks the client of `session` for the stream `id`, of the service that `about` names if it
  /// names one; if the session has ended, whoever waits for the stream is told.
  void order(std::uint64_t session, const uuid& id,
             std::optional<wire::request_service_conn> about = std::nullopt);
  /// Asks the client of `session` for a link to each of the workers, or to one.
  void order_links(std::uint64_t session);
  void order_link(std::uint64_t session, std::size_t worker);
  /// The client could not bring the link.
  void link_failed(const uuid& id);
  void enter(std::uint64_t session, control_connection& connection);
  void leave(std::uint64_t session);

 private:
  boost::asio::awaitable<void> serve_control(net::accepted one, net::admission::ticket ticket);
  boost::asio::awaitable<void> serve_proxy(net::worker& on, net::accepted one,
                                           net::admission::ticket ticket);
  void refuse(const char* port, const net::endpoint& peer);
  bool bring(const wire::command& arrival, net::socket& from, bytes_view behind);
  uuid expect_link(std::uint64_t session, std::size_t worker);

  const surroundings around_;
  const options options_;
  net::admission pending_control_;
  net::admission pending_proxy_;
  link::credit_pool credit_;
  std::vector<std::unique_ptr<proxy_streams>> streams_;
  std::vector<std::unique_ptr<links>> links_;
  std::unordered_map<std::uint64_t, control_connection*> connections_;
  std::atomic<std::size_t> sessions_{0};
  std::atomic<std::uint64_t> proxy_connections_{0};
};

}  // namespace frpx::tunnel::frpx_dialect
