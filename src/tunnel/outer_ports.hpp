// The tunnels of this server, by port and by name.
#pragma once

#include <boost/asio/awaitable.hpp>

#include <array>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "net/admission.hpp"
#include "net/worker.hpp"
#include "ports/ranges.hpp"
#include "tunnel/outer_port.hpp"
#include "tunnel/tunnel.hpp"
#include "tunnel/udp_gate.hpp"
#include "tunnel/visitor.hpp"

namespace frpx::tunnel {

/// Opens tunnels for clients of any dialect, and ends them: when the last of its clients leaves,
/// when its time or number of visitors is over, when somebody closes or aborts it. Several clients
/// of one account that say the same name and group share one.
///
/// Lives on the home worker, which alone calls it. Made before the workers start, gone after they
/// have ended; `close_all` before they end.
class outer_ports {
 public:
  struct options {
    ports::ranges allowed;                         ///< Empty: no tunnel can be opened.
    std::string bind = "::";                       ///< As net::listener::open takes it.
    balance::policy by = balance::policy::random;  ///< Among the clients of a group.
    tcp_options tcp{};
    udp_options udp{};
  };

  /// `places` are for all visitors of the server. `hears` may be null.
  outer_ports(net::worker_pool& workers, net::admission& places, options how,
              hooks* hears = nullptr);
  ~outer_ports();

  /// Opens a tunnel for `what`, whose outer port is not 0, or lets `client` join its group's.
  /// The client hears of its end by session::tunnel_ended. Errors: port_not_allowed, port_occupied,
  /// name_in_use, group_differs, the system's.
  result<std::shared_ptr<tunnel>> open(service what, std::shared_ptr<session> client);
  /// The client serves that tunnel no longer; the last one's leaving closes it, as `cancelled`.
  /// False when there is no such tunnel of this client.
  bool leave(const session& client, std::string_view name);
  /// The client has gone.
  void leave_all(const session& client);
  /// Ends it with its visitors, and tells its clients why. Nothing if it has ended.
  void close(const tunnel& which, error_code why);
  /// The server stops: ends all. The clients hear of that by the end of their sessions.
  void close_all();
  /// No further visitor comes, and no tunnel is opened; those that are here may finish.
  void drain();

  /// The tunnel of that account and name, or null.
  std::shared_ptr<tunnel> find(std::string_view account, std::string_view name) const;
  std::shared_ptr<tunnel> find(ports::transport over, std::uint16_t port) const;
  /// Every tunnel, in the order of ports.
  std::vector<std::shared_ptr<tunnel>> all() const;
  std::size_t size() const { return by_port_.size(); }

  /// Has every worker count what the visitors that are here have moved until now, for
  /// tunnel::bytes; waits a second at most for each.
  boost::asio::awaitable<void> note_bytes();
  /// The bytes of all datagrams of visitors since the start, also of tunnels that have ended.
  std::uint64_t datagram_bytes(direction way) const;

  /// More ports from now on, behind those that it has.
  void allow(const ports::range& more);
  const ports::ranges& allowed() const { return options_.allowed; }

 private:
  // One open tunnel; its deadline is that of max_serve_time.
  struct entry;
  using port_key = std::pair<std::uint16_t, ports::transport>;

  result<std::shared_ptr<tunnel>> join(entry& group, const service& what,
                                       std::shared_ptr<session> client);
  std::shared_ptr<outer_port> make_port(const std::shared_ptr<tunnel>& of, session& client);
  entry* find_entry(const port_key& key) const;
  entry* find_entry(std::string_view account, std::string_view name) const;
  void drop_dead_clients(entry* from);
  bool take_out(entry& from, const session& client);
  void close(std::map<port_key, std::unique_ptr<entry>>::iterator which, error_code why);
  void end_visitors(const std::shared_ptr<tunnel>& of, const std::shared_ptr<outer_port>& port);
  bool told(tunnel& about, void (hooks::*what)(tunnel&));

  net::worker_pool& workers_;
  net::admission& places_;
  options options_;
  hooks* const hears_;
  std::map<port_key, std::unique_ptr<entry>> by_port_;
  std::uint64_t last_number_ = 0;
  std::array<std::uint64_t, 2> ended_datagram_bytes_{};  // of the tunnels that have ended
  bool draining_ = false;
};

}  // namespace frpx::tunnel
