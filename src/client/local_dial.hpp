// Connecting to the local service.
#pragma once

#include "client/dial.hpp"
#include "client/local_service.hpp"

namespace frpx::client {

/// Looks the local service up and connects to it, both within one patience. A name whose remembered
/// addresses fail is looked up anew and tried once more.
///
///     local_dial to(on, bell, service, patience);
///     if (const auto failed = co_await to.start()) ...  // it has no address
///     for (auto now = to.step(); now != dial::state::connected; now = to.step()) {
///       if (now == dial::state::connecting) { co_await bell.wait(); continue; }
///       if (!co_await to.start_again()) ...             // failed, see error()
///     }
///
/// One worker only, and one coroutine, which owns the bell. Destroying it gives the connect up.
class local_dial {
 public:
  /// `service` outlives this.
  local_dial(net::worker& on, net::wakeup& bell, local_service& service,
             steady_clock::duration patience);

  /// Starts; not called twice. Errors: those of local_service::find.
  boost::asio::awaitable<error_code> start();
  /// After a failure: whether it has started once more.
  boost::asio::awaitable<bool> start_again();
  /// As of `dial`.
  dial::state step() { return dial_.step(); }
  std::unique_ptr<net::socket> take() { return dial_.take(); }
  error_code error() const { return dial_.error(); }

 private:
  steady_clock::duration left() const;

  local_service& service_;
  const steady_time until_;
  bool may_repeat_ = false;  // the addresses were remembered
  dial dial_;
};

}  // namespace frpx::client
