// The server as a whole: what `frps` runs, and what a program embeds.
#pragma once

#include <chrono>
#include <memory>
#include <string>

#include "api/server_view.hpp"
#include "config/options.hpp"
#include "server/reload.hpp"

namespace frpx::server {

/// The server could not start; `what()` says what, where and what to do.
class start_error : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// What a server does, counted since its start or as it is now; for metrics and tests.
struct figures {
  std::uint64_t visitors = 0;           ///< Connected now.
  std::uint64_t links = 0;              ///< Up now, on all workers.
  std::uint64_t proxy_connections = 0;  ///< Ever accepted on the proxy port.
  std::uint64_t posts = 0;              ///< Messages between threads, ever.
};

/// Everything between the options and the sockets. The constructor opens the store and binds all
/// ports; from then on it serves, on threads of its own, until `stop`. Made, asked and stopped by
/// one thread that is none of its workers.
class server {
 public:
  /// Throws start_error. `read_again` is for `reload`; without one there is nothing to reload.
  explicit server(config::frps_options options, option_reader read_again = nullptr);
  server(const server&) = delete;
  server& operator=(const server&) = delete;
  /// Stops, if nobody did.
  ~server();

  /// Where it listens; the ports of options that were 0 are known here.
  api::listening_ports ports() const;

  /// Any thread.
  struct figures figures() const;

  /// Reads the configuration anew and applies what can be (server/reload.hpp); the log tells.
  void reload();

  /// Ends in order: no new connections; no new requests; what runs may end, for as long as the
  /// drain deadline; then clients are told, what is left is reset, and all threads are joined.
  void stop();

 private:
  class parts;
  std::unique_ptr<parts> parts_;
};

}  // namespace frpx::server
