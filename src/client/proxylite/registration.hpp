// A service that is registered with a proxylite server.
#pragma once

#include <boost/asio/awaitable.hpp>

#include <chrono>
#include <functional>
#include <memory>

#include "client/backoff.hpp"
#include "client/local_service.hpp"
#include "client/proxylite/ask.hpp"
#include "client/turnstile.hpp"
#include "core/log.hpp"
#include "link/connection.hpp"
#include "link/own_streams.hpp"
#include "link/proxylite/connection.hpp"
#include "net/relay.hpp"
#include "net/task_group.hpp"

namespace frpx::client::proxylite {

struct settings {
  wire::proxylite::address server;
  wire::proxylite::address inner;
  wire::proxylite::register_service wish;  ///< Its capabilities are this class's own.
  /// A tunnel that ends is registered again until it is there; a first registration that fails is
  /// final all the same.
  bool reconnect = false;
  /// Also a first one is tried until it works.
  bool insist = false;
  bool offers_links = true;  ///< To servers of ours.
  std::chrono::milliseconds connect{5'000};
  std::chrono::milliseconds answer{10'000};
  std::chrono::milliseconds local_connect{2'000};
};

/// Registers a service, serves the tunnel's visitors by connecting each to the inner service, and
/// registers again when it may.
///
/// Lives on one worker, which calls everything. `run` owns whatever it starts and ends when all of
/// it has; it must not be cancelled: call `stop`.
class registration final : public link::proxylite::connection::observer,
                           public link::connection::observer {
 public:
  /// Called on the worker: each time the tunnel opens (no error), and when a try failed.
  using told = std::function<void(error_code)>;

  registration(net::worker& on, net::resolver& names, settings how, told on_try);
  ~registration();

  /// Until the tunnel has ended and is not to come back; the last reason, none after `stop`.
  /// Errors of a refusal: errc::port_not_allowed, port_occupied, registration_refused.
  boost::asio::awaitable<error_code> run();
  /// Ends the tunnel, with its visitors.
  void stop();

  std::size_t visitors() const { return relays_.size() + connecting_; }

 private:
  static constexpr std::size_t most_connecting = 256;  // at once; further ones wait

  boost::asio::awaitable<error_code> attempt();
  boost::asio::awaitable<void> pause();
  static boost::asio::awaitable<void> register_service(registration* self,
                                                       std::optional<error_code>* answer);
  boost::asio::awaitable<error_code> ask_for_tunnel();
  void begin_tunnel(link::proxylite::conversation& with, const wire::proxylite::registered& answer);
  boost::asio::awaitable<void> join(std::unique_ptr<net::stream> visitor,
                                    link::linked_stream* waits_for_word);
  boost::asio::awaitable<result<std::unique_ptr<net::socket>>> reach_service(net::stream* visitor);

  void on_tunnel_stream(std::unique_ptr<link::proxylite::segment_stream> stream) override;
  void on_tunnel_gone(error_code why) override { tunnel_gone(why); }
  std::optional<link::open_status> on_link_stream(link::connection&,
                                                  std::unique_ptr<link::linked_stream> stream,
                                                  const link::open_request&) override;
  void on_link_gone(link::connection&, error_code why) override { tunnel_gone(why); }
  void tunnel_gone(error_code why);

  net::worker& on_;
  net::resolver& names_;
  const settings settings_;
  const told on_try_;
  local_service service_;
  const std::unique_ptr<std::byte[]> receive_buffer_;
  link::credit_pool credit_;
  link::own_streams owns_;
  net::relay_set relays_;
  net::task_group joining_;
  net::task_group asking_;
  net::wakeup bell_;
  net::alarm again_;
  backoff backoff_;
  log::rate_limit trouble_;
  std::unique_ptr<link::proxylite::connection> segments_;
  std::unique_ptr<link::connection> link_;
  std::size_t connecting_ = 0;  // those that wait included; the tunnel's streams bound them
  turnstile connects_{most_connecting};
  std::optional<error_code> gone_;  // the tunnel that was there
  bool stopping_ = false;
};

}  // namespace frpx::client::proxylite
