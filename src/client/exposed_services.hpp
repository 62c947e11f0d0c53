// The services of this client, and how they fare at the server.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "client/local_service.hpp"
#include "config/options.hpp"
#include "wire/frpx_command.hpp"

namespace frpx::client {

/// One service as it is now, for `frpc status`.
struct service_status {
  config::service_entry entry;
  std::string state;             ///< `open`, `asked`, `refused`, `ended` or `waiting`.
  std::uint16_t outer_port = 0;  ///< The server's; 0 unless open.
  std::string reason;            ///< Why it was refused or has ended.
};

/// Registers services with the server in every session, and knows for each where it listens. A
/// service that the server refuses is asked for again at each heartbeat; one that it has ended, for
/// a limit was reached, stays ended until its entry changes.
///
/// One worker only.
class exposed_services {
 public:
  using say = std::function<void(wire::command)>;

  /// `host`, `port`: of the service that has no name on the wire, which the public port reaches.
  exposed_services(net::resolver& names, std::string host, std::uint16_t port);

  /// These from now on; what did not change is not touched.
  void set(std::vector<config::service_entry> services);
  /// A session begins whose server knows services: all are registered.
  void begin(say to_server);
  void end();
  /// Takes what the server says of services; false if it is something else.
  bool take(const wire::command& order);
  /// Asks again for what was refused.
  void ask_again();

  /// Where the service listens; null if there is none of that name. Who uses it keeps it.
  std::shared_ptr<local_service> find(std::string_view name) const;
  /// The one without a name.
  local_service& unnamed() { return *unnamed_; }

  bool empty() const { return services_.empty(); }
  std::vector<service_status> look() const;

 private:
  enum class state { waiting, asked, open, refused, ended };
  struct exposed {
    config::service_entry entry;
    std::shared_ptr<local_service> local;
    state now = state::waiting;
    std::uint16_t outer_port = 0;
    std::string reason;
  };

  static const char* to_string(state which);
  std::shared_ptr<local_service> local_of(const config::service_entry& entry);
  void ask_for(exposed& which);
  void note(exposed& which, const wire::register_service_result& answer);

  net::resolver& names_;
  const std::shared_ptr<local_service> unnamed_;
  std::map<std::string, exposed, std::less<>> services_;
  say to_server_;  // empty between two sessions
};

}  // namespace frpx::client
