// The outer port of a TCP tunnel.
#pragma once

#include <memory>

#include "net/admission.hpp"
#include "net/listener.hpp"
#include "tunnel/outer_port.hpp"
#include "tunnel/visitor.hpp"

namespace frpx::tunnel {

/// Accepts visitors and hands each to the least loaded worker, as the public port does. Who may not
/// come, by address or by the tunnel's limits, is accepted and reset.
class tcp_port final : public outer_port {
 public:
  /// `places` are the server's for all visitors, and outlive the workers. `only` as
  /// session::only_worker has it.
  tcp_port(std::shared_ptr<tunnel> of, net::worker_pool& workers, net::admission& places,
           net::worker* only, tcp_options how);

  error_code open(const std::string& address, std::uint16_t port) override {
    return listener_.open(address, port);
  }
  void stop() override { listener_.stop(); }
  void end_visitors(net::worker& on) override { visitors_->end_all(on); }
  void note_bytes(const net::worker& on) override { visitors_->note_bytes(on); }

 private:
  const std::shared_ptr<visitor_rings> visitors_;
  net::listener listener_;
};

}  // namespace frpx::tunnel
