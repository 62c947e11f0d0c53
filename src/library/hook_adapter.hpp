// The tunnels' hooks as the embedding program's.
#pragma once

#include "library/server_engine.hpp"
#include "net/worker.hpp"
#include "tunnel/hooks.hpp"

namespace frpx::library {

/// Calls the program's functions, each with a context of what it is about. Threads as of
/// tunnel::hooks.
class hook_adapter final : public tunnel::hooks {
 public:
  hook_adapter(const server_hooks& calls, const net::worker& home) : calls_(calls), home_(home) {}

  bool sees_bytes() const override { return calls_.user_to_tunnel || calls_.tunnel_to_user; }
  void on_tunnel_created(tunnel::tunnel& which) override;
  void on_tunnel_destroyed(tunnel::tunnel& which) override;
  void on_visitor_coming(tunnel::visitor& who) override;
  void on_visitor_leaving(tunnel::visitor& who) override;
  void on_bytes(tunnel::visitor& who, tunnel::direction way, bytes_span bytes) override;

 private:
  const server_hooks& calls_;
  const net::worker& home_;
};

}  // namespace frpx::library
