// An HTTP/1.1 server for our own endpoints.
#pragma once

#include <boost/asio/awaitable.hpp>

#include <chrono>
#include <cstddef>
#include <ctime>
#include <list>
#include <memory>
#include <string>

#include "http/message.hpp"
#include "net/linger.hpp"
#include "net/task_group.hpp"
#include "net/worker.hpp"

namespace frpx::http {

struct service_options {
  head_limits head;
  std::size_t body_limit = 1024 * 1024;  ///< Bytes of a request's body; beyond it 413.
  std::size_t most_connections = 1024;   ///< Beyond it a connection is reset.

  std::chrono::milliseconds request_head{10'000};  ///< From its first byte, or from the accept.
  std::chrono::milliseconds body_stall{30'000};    ///< The next bytes of a request's body.
  std::chrono::milliseconds idle{60'000};          ///< The next request of a connection.
  std::chrono::milliseconds write_stall{30'000};   ///< The visitor takes nothing.
  net::linger_limits linger;                       ///< The visitor's end, behind our last byte.
};

/// Serves the API, the metrics, the dashboard's files and the port keeper: endpoints that answer a
/// whole, small request by themselves. What is forwarded to clients goes through the gateway.
///
/// Each connection is one coroutine that owns its stream. Requests are read strictly, one at a time
/// and in order, and pipelined ones are answered with one write; heads, bodies, connections and
/// every wait are bounded. A request that is malformed, too large or late is answered in the
/// envelope and ends the connection; so that the visitor reads that answer, what it still sends is
/// discarded until it ends too.
///
/// Everything happens on worker `on`; so do all calls. `stop` must have ended before it goes.
class service {
 public:
  service(net::worker& on, handler answers, service_options options = {});
  service(const service&) = delete;
  service& operator=(const service&) = delete;
  ~service();

  /// Serves one connection until its end. A socket is tuned for streams.
  void take(std::unique_ptr<net::stream> visitor, net::endpoint peer);

  /// Accepts nothing new: idle connections are ended, the others behind their response.
  void drain();
  /// Drains; what still runs after `patience` is reset.
  boost::asio::awaitable<void> stop(steady_clock::duration patience);

  std::size_t connections() const { return live_.size(); }

 private:
  class connection;

  static boost::asio::awaitable<void> serve(std::unique_ptr<connection> one);
  const std::string& date();

  net::worker& worker_;
  const handler answers_;
  const service_options options_;
  bool draining_ = false;
  std::list<connection*> live_;
  std::time_t date_second_ = -1;
  std::string date_;  // as the Date field has it, for date_second_
  net::task_group tasks_;
};

}  // namespace frpx::http
