// One authenticated client, as the rest of the server sees it.
#pragma once

#include <boost/asio/awaitable.hpp>

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "balance/health.hpp"
#include "core/clock.hpp"
#include "core/hex.hpp"
#include "core/secret.hpp"
#include "core/service_kind.hpp"
#include "net/datagram_stream.hpp"
#include "net/stream.hpp"
#include "net/wakeup.hpp"
#include "net/worker.hpp"
#include "tunnel/service.hpp"
#include "wire/frpx_command.hpp"

namespace frpx::tunnel {

/// What does not change while a session lives.
struct session_facts {
  std::uint64_t number = 0;  ///< Never used twice in one process.
  std::string client_id;
  std::string user_id;
  std::string email;
  std::string peer;  ///< `address:port` of the control connection.
  wall_time connected_at;
  std::uint32_t weight = 1;          ///< Its share of the work; 1 to balance::most_weight.
  std::uint32_t most_in_flight = 0;  ///< Requests that it takes at once; 0: any number.
};

/// By what a client came in: when it is revoked, the session ends.
struct credential {
  std::string token_id;     ///< The token that it used or was given last; empty: none.
  wall_time token_expires;  ///< Of that token.
  std::string key_id;       ///< The API key that it used as a token; mostly empty.
  std::optional<digest> password_mark = {};  ///< The user's, when there is neither.
};

/// What the client last said of its machine.
struct machine_report {
  wire::system_info usage;
  wall_time at;
};

/// The service of a client that was given none by name: its one local address.
inline constexpr std::string_view default_service = "default";

/// A stream that is wanted. The views live as long as the call that gets them.
struct stream_wish {
  std::string_view service = default_service;
  std::string_view visitor;  ///< `address:port`.
  service_kind kind = service_kind::http;
  steady_clock::duration patience{};
};

/// A question to a client whether it still lives. Belongs to the worker that asked; goes at any
/// time.
class life_sign {
 public:
  virtual ~life_sign() = default;
  /// The client has answered.
  virtual bool came() const = 0;
  /// A stream to the default service that the answer brought along, where it does; once.
  virtual std::unique_ptr<net::stream> take_stream() { return nullptr; }
};

/// A client that logged in and registered, whatever its dialect. The seam between what visitors
/// want and how a dialect carries it.
///
/// Shared by all workers through the routing snapshots; lives as long as one of them. `open` may be
/// called on any worker, the atomics from anywhere, everything else on the home worker only.
class session {
 public:
  explicit session(session_facts facts) : facts_(std::move(facts)) {}
  session(const session&) = delete;
  session& operator=(const session&) = delete;
  virtual ~session() = default;

  const session_facts& facts() const { return facts_; }

  /// Opens a stream to the client's local service, for a visitor of worker `on`, whose coroutine
  /// calls. It may not be confirmed yet (net::stream::confirmed).
  /// Errors: errc::session_gone, errc::late after the wish's patience, errc::too_many.
  virtual boost::asio::awaitable<result<std::unique_ptr<net::stream>>> open(net::worker& on,
                                                                            stream_wish wish) = 0;
  /// The same for the datagrams of a udp service, which may be sent at once: if the client refuses,
  /// the stream ends. Where a dialect has no better way they go by a stream that `open` brings.
  virtual boost::asio::awaitable<result<std::unique_ptr<net::datagram_stream>>> open_datagrams(
      net::worker& on, stream_wish wish);

  /// Asks the client for a sign of life, by the way of its streams: one that was opened long ago
  /// says nothing of how the client fares now. `bell` is rung when there is one, and outlives the
  /// question. Null: the dialect cannot ask. Called like `open`.
  virtual std::unique_ptr<life_sign> ask_for_sign(net::worker&, net::wakeup&) { return nullptr; }

  /// The worker on which its visitors must be, for `open` works there alone; null: any.
  virtual net::worker* only_worker() { return nullptr; }

  /// A tunnel of this client has ended, and not at its wish. Home worker.
  virtual void tunnel_ended(const service&, error_code) {}

  /// Ends the session and resets its streams. `why` is logged. Home worker.
  virtual void end(const std::string& why) = 0;

  /// Gives the client another token to keep; a dialect without tokens does nothing. Home worker.
  virtual void give_token(const secret&) {}

  /// Cleared when the session ends: a snapshot may hold it a moment longer.
  std::atomic<bool> alive{true};
  /// The client, or an operator, wants no further streams.
  std::atomic<bool> draining{false};
  /// Requests and tunnels it serves now.
  std::atomic<std::uint32_t> in_flight{0};
  /// Requests that ended at it.
  std::atomic<std::uint64_t> requests{0};
  /// Equal for clients that reported the same models. Written when a snapshot is made.
  std::atomic<std::size_t> models_hash{0};
  /// How its local service fares.
  balance::health health;

  /// It takes another request now.
  bool has_room() const {
    const std::uint32_t most = facts_.most_in_flight;
    return most == 0 || in_flight.load(std::memory_order_relaxed) < most;
  }
  /// Takes one of its places, and counts it in `in_flight`; false when there is none. Whoever took
  /// one gives it back once (gateway::slot).
  bool take_place() {
    std::uint32_t now = in_flight.load();
    while (facts_.most_in_flight == 0 || now < facts_.most_in_flight) {
      if (in_flight.compare_exchange_weak(now, now + 1)) return true;
    }
    return false;
  }

  // Home worker only.
  credential came_by;
  std::vector<wire::model> models;
  std::uint32_t models_left_out = 0;  ///< How many the client has besides.
  bool reported_models = false;       ///< An empty list was said, or none yet?
  std::vector<std::string> loaded;    ///< Of the models, those that are in memory now.
  /// Where the service of these models listens for its own machine, as in the Host field.
  std::shared_ptr<const std::string> local_host;
  bool serves_http = true;  ///< Whether it is for the public port; set before it is added.
  std::optional<machine_report> machine;
  std::vector<service> services;  ///< Registered by name, with and without an outer port.

 private:
  const session_facts facts_;
};

}  // namespace frpx::tunnel
