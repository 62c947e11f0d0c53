// What a client says of its services: `services/1`.
#pragma once

#include <boost/asio/awaitable.hpp>

#include <functional>
#include <memory>
#include <optional>

#include "ports/leases.hpp"
#include "ports/ranges.hpp"
#include "tunnel/outer_ports.hpp"
#include "wire/frpx_command.hpp"

namespace frpx::tunnel::frpx_dialect {

/// Whether `what` is one of the commands by which a client asks for something about services.
bool is_service_order(const wire::command& what);

/// The service that a client asks for, judged. Error: bad_service.
result<service> read_service(const wire::register_service& from, const std::string& account);

/// Carries out the service commands of one session. A name belongs to the session's account.
///
/// Home worker.
class service_orders {
 public:
  /// Which outer ports the session's user may have, and how many.
  struct allowance {
    std::optional<ports::ranges> ports = {};  ///< Nothing: any of the server's.
    std::optional<std::uint32_t> most = {};   ///< At once; 0: any number; nothing: the usual.
  };
  /// Asks for it anew: it may change while the client is here. Without an answer what was known
  /// holds on.
  using ask_allowance = std::function<boost::asio::awaitable<result<allowance>>()>;

  /// `leases` may be null: then every outer port must be named. Both outlive it. `usual_most`: as
  /// in an allowance.
  service_orders(outer_ports& tunnels, ports::leases* leases, std::uint32_t usual_most,
                 std::shared_ptr<session> of, allowance at_login, ask_allowance ask)
      : tunnels_(tunnels),
        leases_(leases),
        usual_most_(usual_most),
        client_(std::move(of)),
        allowed_(std::move(at_login)),
        ask_(std::move(ask)) {}

  /// Does what a service order says, and returns the answer.
  boost::asio::awaitable<wire::command> carry_out(wire::command order);

 private:
  boost::asio::awaitable<void> renew_allowance();
  bool may_have(std::uint16_t port) const {
    return !allowed_.ports || allowed_.ports->contains(port);
  }
  bool has_room_for(const service& what) const;
  bool is_leased(const service& what, std::uint16_t port) const;
  boost::asio::awaitable<error_code> open(service& what);
  boost::asio::awaitable<void> take_over_former_lease(const service& what);
  boost::asio::awaitable<result<std::uint16_t>> lease(const service& what);
  bool is_promised_to_another(const service& what) const;
  boost::asio::awaitable<wire::command> register_service(wire::register_service asked);
  wire::cancel_service_result cancel(const std::string& name);
  wire::free_ports list_free(service_kind kind) const;
  wire::services list_services(const std::string& prefix) const;

  outer_ports& tunnels_;
  ports::leases* const leases_;
  const std::uint32_t usual_most_;
  const std::shared_ptr<session> client_;
  allowance allowed_;
  const ask_allowance ask_;
};

}  // namespace frpx::tunnel::frpx_dialect
