// What takes a tunnel's visitors.
#pragma once

#include <cstdint>
#include <string>

#include "core/result.hpp"
#include "net/worker.hpp"

namespace frpx::tunnel {

/// An open port of one tunnel, with the visitors that came by it: tcp_port, and its kin for other
/// kinds of service. Kept by outer_ports until every worker has ended its visitors.
class outer_port {
 public:
  outer_port() = default;
  outer_port(const outer_port&) = delete;
  outer_port& operator=(const outer_port&) = delete;
  virtual ~outer_port() = default;

  /// Binds and takes visitors from now on. Home worker. Errors: the system's.
  virtual error_code open(const std::string& address, std::uint16_t port) = 0;
  /// Takes no further visitors. Home worker.
  virtual void stop() = 0;
  /// Ends the visitors of worker `on`, which calls, after `stop` or when the tunnel has ended.
  virtual void end_visitors(net::worker& on) = 0;
  /// Counts what the visitors of worker `on`, which calls, have moved until now, if that is not
  /// done as it is moved.
  virtual void note_bytes(const net::worker&) {}
};

}  // namespace frpx::tunnel
