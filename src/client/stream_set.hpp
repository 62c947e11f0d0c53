// The streams of this client: how they are opened, counted and ended.
#pragma once

#include <boost/asio/awaitable.hpp>

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "client/exposed_services.hpp"
#include "client/turnstile.hpp"
#include "core/log.hpp"
#include "net/relay.hpp"
#include "net/task_group.hpp"
#include "net/worker.hpp"

namespace frpx::client {

/// Bounds and deadlines of a stream_set.
struct stream_limits {
  std::size_t streams = 10'000;     ///< Open or being opened.
  std::size_t link_streams = 1024;  ///< Of them, on one link.
  std::size_t connecting = 256;     ///< Connects to local services at once; further ones wait.
  std::size_t refusing = 64;        ///< Orders beyond the bounds that are being refused.
  std::chrono::milliseconds server_connect{5'000};
  std::chrono::milliseconds local_connect{2'000};
  std::chrono::milliseconds farewell{2'000};  ///< For the server to close a refused stream.
};

/// Opens the streams that the server orders and joins each with a connection to the local service.
///
/// A server waits for every stream it ordered. So one that cannot be served is opened all the same
/// and ended at once, which lets the server try another client. Only when even that many are under
/// way, an order is left to the server's own deadline. Many that come at once are no reason to
/// refuse: they connect in turn.
///
/// One worker only: its relays and its coroutines are that worker's. `reset_all` ends everything,
/// `join` waits until it has.
class stream_set final : private net::relay::observer {
 public:
  /// Counts a stream from the moment that it is taken until it is joined or has failed.
  class slot {
   public:
    slot(stream_set& of, std::size_t& counter) : of_(&of), counter_(counter) { ++counter_; }
    slot(slot&& other) noexcept
        : of_(std::exchange(other.of_, nullptr)), counter_(other.counter_) {}
    ~slot();

   private:
    stream_set* of_;
    std::size_t& counter_;
  };

  stream_set(net::worker& on, exposed_services& services, stream_limits limits);

  /// A session begins. `proxy`: the server's proxy port, at the address that control uses.
  /// `on_idle` is called when a stream has ended and
  /// perhaps none is left.
  void begin(net::endpoint proxy, std::function<void()> on_idle);
  /// The server wants a stream of its own connection, to that service. `id` goes back as it came.
  void order(std::string id, std::string_view service = "default");
  /// A place for a stream that comes by a link; nothing when there are as many as may be.
  std::optional<slot> take_place();
  /// Where those that connect to a local service take turns, however their stream came.
  turnstile& connects() { return connects_; }
  /// Joins a stream from the server, however it came, with a connection to the local service.
  void join_streams(std::unique_ptr<net::stream> from_server, std::unique_ptr<net::stream> service);
  /// Logs that a stream cannot be served; a few times a second at most.
  void say_trouble(const char* with, const error_code& why);
  /// From now on orders are refused; what is open goes on.
  void drain() { draining_ = true; }
  /// Resets every stream: the session is over.
  void reset_all();
  boost::asio::awaitable<bool> join(steady_time until);

  /// Open, and being opened.
  std::size_t size() const { return relays_.size() + connecting_; }

 private:
  struct opening;

  boost::asio::awaitable<void> serve(std::string id, std::shared_ptr<local_service> local,
                                     slot held);
  boost::asio::awaitable<void> refuse(std::string id, slot held);
  boost::asio::awaitable<void> say_farewell(opening& of);
  void on_relay_end(net::relay& which, const net::relay_report& report) override;
  void tell_if_idle();

  net::worker& on_;
  exposed_services& services_;
  const stream_limits limits_;
  net::endpoint proxy_;
  std::function<void()> on_idle_;
  bool draining_ = false;
  std::size_t connecting_ = 0;
  std::size_t refusing_ = 0;
  turnstile connects_;
  log::rate_limit trouble_;
  net::relay_set relays_;
  net::task_group openings_;
};

}  // namespace frpx::client
