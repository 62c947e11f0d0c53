// The outer port of a UDP tunnel.
#pragma once

#include <atomic>
#include <memory>
#include <vector>

#include "tunnel/outer_port.hpp"
#include "tunnel/udp_gate.hpp"

namespace frpx::tunnel {

/// Takes datagrams on one socket for each worker. The kernel spreads the visitors over them by
/// their addresses, so that each visitor stays with one worker and no datagram crosses threads
/// (docs/udp.md).
class udp_port final : public outer_port {
 public:
  /// `only` as session::only_worker has it.
  udp_port(std::shared_ptr<tunnel> of, net::worker_pool& workers, net::worker* only,
           udp_options how);

  error_code open(const std::string& address, std::uint16_t port) override;
  /// Visitors that are known go on.
  void stop() override { *takes_visitors_ = false; }
  void end_visitors(net::worker& on) override { gates_[on.index()].reset(); }

 private:
  const std::shared_ptr<tunnel> of_;
  net::worker_pool& workers_;
  net::worker* const only_;
  const udp_options options_;
  const std::shared_ptr<std::atomic<bool>> takes_visitors_;
  std::vector<std::unique_ptr<udp_gate>> gates_;  // by worker, which alone touches it
};

}  // namespace frpx::tunnel
