// The port keeper as a whole: what `frp-port-keeper` runs.
#pragma once

#include <memory>

#include "config/options.hpp"
#include "keeper/setup.hpp"

namespace frpx::keeper {

/// Everything between the options and the socket. The constructor opens the leases and listens;
/// from then on it serves, on a thread of its own, until `stop`. Made and stopped by one thread
/// that is not its worker.
class server {
 public:
  /// Throws start_error.
  explicit server(config::keeper_options options);
  server(const server&) = delete;
  server& operator=(const server&) = delete;
  /// Stops, if nobody did.
  ~server();

  std::uint16_t port() const;
  /// Ends in order: nothing new is accepted, what runs may end within the drain deadline, and what
  /// waits for the disk is written.
  void stop();

 private:
  class parts;
  std::unique_ptr<parts> parts_;
};

}  // namespace frpx::keeper
