// The local service, by the address that the user gave.
#pragma once

#include <boost/asio/awaitable.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "net/resolver.hpp"
#include "net/socket.hpp"

namespace frpx::client {

/// Knows where the local service listens. Behind a name may be a container that moves, so it is
/// looked up anew after `lifetime`, and as soon as nobody answers there; an address needs no
/// look-up.
///
/// One worker only. A look-up ends when the coroutine that waits for it is cancelled.
class local_service {
 public:
  static constexpr std::chrono::seconds lifetime{10};
  /// A service that is down is worth one look-up in so long, however many visitors come.
  static constexpr std::chrono::milliseconds between_looks{250};

  /// `host`: a name or an address.
  local_service(net::resolver& names, std::string host, std::uint16_t port);

  /// Another place from now on; what is looked up already still ends.
  void move_to(std::string host, std::uint16_t port);
  const std::string& host() const { return host_; }
  std::uint16_t port() const { return port_; }
  /// Nobody answers at the addresses that were found: a name is looked up anew the next time.
  /// False when it is no name, or that was done a moment ago.
  bool forget();
  /// Both, as in the Host field of a request to it.
  std::string authority() const;
  /// The addresses, if they need no look-up now.
  std::optional<std::vector<net::endpoint>> known() const;
  /// The addresses; at most `patience` later. Errors: those of `net::resolver`.
  boost::asio::awaitable<result<std::vector<net::endpoint>>> find(steady_clock::duration patience);

 private:
  net::resolver& names_;
  std::string host_;
  std::uint16_t port_;
  std::vector<net::endpoint> found_;
  steady_time forgotten_at_{};
  steady_time valid_until_{};
};

}  // namespace frpx::client
