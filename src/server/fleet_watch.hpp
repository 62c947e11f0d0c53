// What becomes of clients and tunnels, for who listens to the API's events.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include "api/event_log.hpp"
#include "net/timers.hpp"
#include "tunnel/hooks.hpp"
#include "tunnel/registry.hpp"

namespace frpx::server {

/// Tells the event log which clients came, left and changed, and which tunnels were opened and
/// closed. Clients are compared with what they were at the last look: so nobody who changes one
/// has to think of who listens, and a change that is taken back at once is none.
///
/// Home worker. Both outlive it.
class fleet_watch final : public tunnel::hooks, private net::deadline {
 public:
  fleet_watch(net::timers& clock, const tunnel::registry& clients, api::event_log& events);

  /// Something may have changed. Looks by itself every second, for a client whose service fails is
  /// set aside without a word.
  void look();

  void on_tunnel_created(tunnel::tunnel& one) override { tell_of("tunnel.opened", one); }
  void on_tunnel_destroyed(tunnel::tunnel& one) override { tell_of("tunnel.closed", one); }

 private:
  struct known {
    std::string client_id;
    std::string user;
    bool draining = false;
    bool set_aside = false;
    std::size_t models = 0;       // how many
    std::size_t models_hash = 0;  // of their names

    bool operator==(const known&) const = default;
  };

  static known look_at(const tunnel::session& one);
  void expired() override;
  void tell_of(std::string_view event, const known& client);
  void tell_of(std::string_view event, const tunnel::tunnel& one);

  const tunnel::registry& clients_;
  api::event_log& events_;
  std::map<std::uint64_t, known> known_;  // by session
};

}  // namespace frpx::server
