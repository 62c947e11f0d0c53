// The associations of this client: visitors' datagrams, and the local services that get them.
#pragma once

#include <boost/asio/awaitable.hpp>

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "client/local_service.hpp"
#include "core/log.hpp"
#include "net/datagram_stream.hpp"
#include "net/idle_list.hpp"
#include "net/task_group.hpp"
#include "net/worker.hpp"

namespace frpx::client {

/// Bounds and deadlines of a datagram_set.
struct datagram_limits {
  std::size_t associations = 10'000;
  std::size_t connecting = 256;            ///< Own connections that are being brought.
  std::chrono::milliseconds idle{60'000};  ///< Without a datagram either way.
  std::chrono::milliseconds server_connect{5'000};
  std::chrono::milliseconds local_connect{2'000};  ///< To find the local service by its name.
};

/// Joins each association that the server opens with a UDP socket of its own to the local service,
/// so that the service sees as many peers as there are visitors and its answers find back. What a
/// visitor sends while the service is looked up by its name is held, up to 16 KiB.
///
/// One worker only. `reset_all` ends everything, `join` waits until it has.
class datagram_set {
 public:
  datagram_set(net::worker& on, datagram_limits limits);
  ~datagram_set();

  /// A session begins. `proxy`: the server's proxy port.
  void begin(net::endpoint proxy) { proxy_ = std::move(proxy); }
  /// The server wants an association by a connection of its own, under that one-time id. Without
  /// `service` the connection is brought and ended, so that the server need not wait.
  void order(std::string id, std::shared_ptr<local_service> service);
  /// Carries datagrams between the two until the stream is gone or nothing has come for the idle
  /// time. False when there is no room for it, or no way to the service: the stream has been ended
  /// then.
  bool join_datagrams(std::unique_ptr<net::datagram_stream> from_server,
                      std::shared_ptr<local_service> service);
  /// Ends every one: the session is over.
  void reset_all();
  /// After `reset_all`; false when not all has ended in time.
  boost::asio::awaitable<bool> join(steady_time until) { return tasks_.join(until); }

  std::size_t size() const { return associations_.size(); }
  /// How many udp streams a link may have: more than there will be, for one that the server ends
  /// counts until this client has heard of it, and another may have been opened by then.
  std::size_t most_streams() const { return limits_.associations + ending; }

 private:
  static constexpr std::size_t ending = 256;
  class association;

  boost::asio::awaitable<void> bring(std::string id, std::shared_ptr<local_service> service);
  boost::asio::awaitable<void> find_service(std::shared_ptr<association> of,
                                            std::shared_ptr<local_service> service);
  void end(association& which);
  void say_trouble(const char* with, const error_code& why);

  net::worker& on_;
  const datagram_limits limits_;
  net::endpoint proxy_;
  net::idle_list idle_;
  std::vector<std::shared_ptr<association>> associations_;  // each knows its place
  log::rate_limit trouble_;
  net::task_group tasks_;
};

}  // namespace frpx::client
