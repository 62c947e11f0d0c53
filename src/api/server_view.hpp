// The server, as its REST API sees it.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/ip/address.hpp>

#include <array>
#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "api/event_log.hpp"
#include "api/login_book.hpp"
#include "core/clock.hpp"
#include "core/durations.hpp"
#include "core/result.hpp"
#include "core/service_kind.hpp"
#include "host/process.hpp"
#include "identity/commands.hpp"
#include "ports/lease.hpp"
#include "store/rows.hpp"
#include "wire/frpx_command.hpp"

namespace frpx::api {

/// One connected client. The views live until the caller returns to the loop.
struct session_info {
  /// What the client last said of its machine.
  struct machine {
    float cpu_usage = 0;  ///< Percent, as the other two.
    float memory_usage = 0;
    float disk_usage = 0;
    std::string_view computer_name;
    wall_time last_heartbeat;
  };

  std::string_view client_id;
  std::string_view user;  ///< The e-mail address of the user who brought it in.
  bool authed = true;
  wall_time connected_at;
  std::optional<machine> system;                       ///< Nothing before the first report.
  std::optional<std::span<const wire::model>> models;  ///< The same.
  std::uint32_t models_left_out = 0;                   ///< How many it has besides.
  std::string_view address;                            ///< `address:port` it came from.
  std::uint32_t in_flight = 0;                         ///< Requests and tunnels that it serves now.
  std::uint32_t most_in_flight = 0;                    ///< 0: any number.
  std::uint32_t weight = 1;                            ///< Its share of the work.
  bool draining = false;                               ///< It gets no new ones.
  bool set_aside = false;                              ///< Its local service fails.
  std::uint64_t requests = 0;                          ///< Requests that ended at it.
};

/// A model that was asked for and that no client has.
struct unserved_model {
  std::string model;
  std::uint64_t requests = 0;
  wall_time first_asked;
  wall_time last_asked;
};

struct server_stats {
  std::uint64_t active_clients = 0;
  std::uint64_t pending_connections = 0;  ///< Streams that were asked for and have not come.
  std::uint64_t total_connections = 0;    ///< Of visitors, since the start.
  std::chrono::seconds uptime{0};
  std::uint64_t waiting_requests = 0;  ///< For a client with room: all are full.
};

struct listening_ports {
  std::uint16_t control = 0;
  std::uint16_t proxy = 0;
  std::uint16_t visitors = 0;  ///< The public port.
  std::uint16_t api = 0;
  std::uint16_t proxylite = 0;  ///< 0: there is none.
};

/// How one part that the server leans on fares.
struct part_health {
  enum class state {
    up,
    down,
    none,  ///< There is none: no cache is configured, no client is connected.
  };
  state is = state::up;
  wall_time since;
};

struct server_health {
  part_health database;
  part_health cache;
  part_health clients;
};

struct active_token {
  std::string id;     ///< Its public id, never the token.
  std::string email;  ///< Whose it is.
};

/// A service that clients expose now.
struct service_info {
  std::string name;
  std::string account;  ///< The owner's e-mail address; empty in a dialect without accounts.
  std::string group;    ///< Empty: none.
  service_kind kind = service_kind::tcp;
  std::uint16_t outer_port = 0;  ///< Of an http service: the public port, unless it has its own.
  std::vector<std::string> clients;  ///< Their ids.
  std::uint64_t visitors = 0;        ///< Now; of the public port: requests.
  /// To the service, and from it: of the visitors of a port; of the public port: of its clients'
  /// requests.
  std::uint64_t bytes_in = 0;
  std::uint64_t bytes_out = 0;
  std::string local_address;  ///< As its client says; may be empty.
  wall_time opened_at;
};

/// What came of reading the configuration anew.
struct reload_report {
  std::vector<std::string> applied;        ///< Options that changed and take effect.
  std::vector<std::string> needs_restart;  ///< Those that wait for the next start.
  std::string problem;                     ///< Why nothing was applied; empty: it was.
};

/// What is counted for Prometheus, and told by none of the others; since the start.
struct server_metrics {
  struct worker {
    std::uint64_t visitors = 0;            ///< Now.
    std::uint64_t posts = 0;               ///< Messages of other threads.
    std::chrono::duration<double> lag{0};  ///< Of its loop, as it was just found.
    std::uint64_t relays = 0;              ///< Now.
    std::uint64_t pipes = 0;               ///< In use by relays now.
    std::uint64_t relayed_in = 0;          ///< Bytes from visitors.
    std::uint64_t relayed_out = 0;         ///< Bytes to them.
  };
  struct model_usage {
    std::string client;
    std::string model;
    store::usage of;
  };
  wall_time started;
  std::uint64_t visitors = 0;  ///< Connected now.
  std::uint64_t links = 0;     ///< Up now.
  std::uint64_t waiting = 0;   ///< Requests that wait for a client with room.
  std::uint64_t failovers = 0;
  /// Requests that ended, by the first digit of the answer's status; at 0 those without a whole
  /// one.
  std::array<std::uint64_t, 6> answers{};
  std::uint64_t bytes_in = 0;  ///< Of requests' bodies.
  std::uint64_t bytes_out = 0;
  struct key_checks {
    std::string_view by;  ///< Who answered. A text that lives for ever.
    std::uint64_t count = 0;
  };
  std::vector<key_checks> keys;
  durations first_byte;  ///< Of the requests that clients answered.
  durations took;
  std::vector<model_usage> usage;  ///< Some seconds old at most.
  std::uint64_t tunnels = 0;       ///< Open now.
  std::uint64_t tunnel_visitors = 0;
  std::uint64_t store_errors = 0;  ///< Questions that the store did not answer.
  std::uint64_t listeners = 0;     ///< To the events, now.
  struct queue {
    std::string_view name;  ///< A text that lives for ever.
    std::uint64_t length = 0;
  };
  std::vector<queue> queues;  ///< Of what blocks.
  std::vector<worker> workers;
  struct udp_loss {
    std::string_view reason;  ///< A text that lives for ever.
    std::uint64_t count = 0;  ///< Of datagrams.
  };
  std::vector<udp_loss> udp_losses;
  std::uint64_t udp_in = 0;  ///< Bytes of datagrams of visitors.
  std::uint64_t udp_out = 0;
  host::process_figures process;
};

enum class usage_by : std::uint8_t { key, client, model };

/// What requests came to.
struct usage_sum {
  std::string id;    ///< Of the key or the client, or the model; may be empty.
  std::string name;  ///< The key's; else empty.
  std::uint64_t requests = 0;
  std::uint64_t errors = 0;
  std::uint64_t bytes_in = 0;
  std::uint64_t bytes_out = 0;
  std::uint64_t prompt_tokens = 0;
  std::uint64_t completion_tokens = 0;
};

/// A verb of identity/commands.hpp with its arguments. It owns them.
using verb = std::function<identity::outcome(store::store&)>;

class traffic_log;

/// All that the API asks of the server, so that it knows nothing of registry, store or gateway.
/// Every call is made on the home worker; the view outlives the API.
class server_view {
 public:
  server_view() = default;
  server_view(const server_view&) = delete;
  server_view& operator=(const server_view&) = delete;
  virtual ~server_view() = default;

  /// Where everything is told that happens.
  virtual event_log& events() = 0;

  /// The operators who logged in.
  virtual login_book& logins() = 0;
  /// Judges a password. Errors: wrong_credentials and throttled of identity, and the store's.
  virtual boost::asio::awaitable<result<operator_user>> log_in(std::string email, secret password,
                                                               boost::asio::ip::address from) = 0;
  /// Errors: store::errc::not_found, and those that say nothing of the user.
  virtual boost::asio::awaitable<result<operator_user>> find_operator(std::string email) = 0;

  virtual std::size_t session_count() const = 0;
  /// The session at a place below that.
  virtual session_info session_at(std::size_t place) const = 0;
  /// Calls `visit` with each.
  template <class F>
  void each_session(F&& visit) const {
    for (std::size_t place = 0; place < session_count(); ++place) visit(session_at(place));
  }
  virtual std::optional<session_info> find_session(std::string_view client_id) const = 0;
  /// Asked for most first; forgotten when the server ends.
  virtual std::vector<unserved_model> unserved_models() const = 0;
  virtual server_stats stats() const = 0;
  /// The fingerprints of the streams that were asked for and have not come, of all workers.
  virtual boost::asio::awaitable<std::vector<std::string>> pending_connections() = 0;
  virtual listening_ports ports() const = 0;
  /// Asks every worker, and waits a second at most for each.
  virtual boost::asio::awaitable<server_metrics> metrics() = 0;
  virtual const traffic_log& traffic() const = 0;
  /// Asks every worker, and waits a second at most for each.
  virtual boost::asio::awaitable<std::vector<service_info>> services() = 0;
  /// Of outer ports, in their order.
  virtual std::vector<ports::lease> leases() const = 0;
  /// Errors: ports::errc::unknown_proxy, and those of the leases' store.
  virtual boost::asio::awaitable<result<ports::lease>> release_lease(std::string name) = 0;
  /// Reads the configuration anew.
  virtual boost::asio::awaitable<result<reload_report>> reload() = 0;
  virtual server_health health() const = 0;

  /// Ends a session, resets its streams, and refuses its id for that long. False if there is none.
  virtual bool disconnect(std::string_view client_id, std::chrono::milliseconds refused_for) = 0;
  /// Gives a client no new requests, or gives it some again; what runs goes on. False if there is
  /// no such client.
  virtual bool drain(std::string_view client_id, bool drains) = 0;

  /// The e-mail addresses of all users; the store's error if it has no answer.
  virtual boost::asio::awaitable<result<std::vector<std::string>>> users() = 0;
  virtual boost::asio::awaitable<result<std::vector<active_token>>> active_tokens() = 0;
  /// What was used in the hours that begin at `from` or later and before `to`, most requests first.
  virtual boost::asio::awaitable<result<std::vector<usage_sum>>> usage(usage_by by, wall_time from,
                                                                       wall_time to) = 0;
  /// Runs `what` on the server's store, where it may block; one verb at a time. When the store does
  /// not answer, the outcome's `why` is set, and what was asked for may still happen.
  virtual boost::asio::awaitable<identity::outcome> run(verb what) = 0;
};

}  // namespace frpx::api
