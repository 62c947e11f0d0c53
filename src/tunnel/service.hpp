// What a client exposes.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "core/clock.hpp"
#include "core/network.hpp"
#include "core/service_kind.hpp"
#include "ports/lease.hpp"

namespace frpx::tunnel {

/// How much a tunnel serves. 0: no limit is set.
struct service_limits {
  std::uint32_t max_serve_time = 0;   ///< Seconds after which the tunnel ends with its visitors.
  std::uint32_t max_serve_conn = 0;   ///< Visitors at once; further ones are reset.
  std::uint32_t max_serve_count = 0;  ///< Visitors in all; when the last has left, it ends.

  bool operator==(const service_limits&) const = default;
};

/// A service as its client registered it; it does not change. Texts and lists have been judged by
/// the dialect that took them.
struct service {
  std::string name;     ///< Unique within its account.
  std::string account;  ///< The owner's e-mail address; empty in a dialect without accounts.
  service_kind kind = service_kind::tcp;
  std::uint16_t outer_port = 0;  ///< 0: its lease's; of an http service: none, the public port's.
  service_limits limits;
  std::uint32_t weight = 1;  ///< Its share among the clients of its group, at least 1.
  std::string group;  ///< A key: clients of one account that say the same one share the tunnel.
  std::vector<std::pair<std::string, std::string>> metadata;
  std::vector<network> allow;   ///< Who may visit; empty: everybody.
  std::vector<network> deny;    ///< Who may not, also if allowed.
  std::uint64_t bandwidth = 0;  ///< Bytes a second in each direction; 0: no limit.
  proxy_header proxy = proxy_header::none;
  std::string message;        ///< What discovery shows.
  std::string inner_address;  ///< Where it listens, as its client says; only shown.
  wall_time birth;            ///< When it was registered.

  /// `account/name`, which is how its lease is called; without an account the name alone.
  std::string full_name() const { return account.empty() ? name : account + "/" + name; }
  ports::transport transport() const {
    return kind == service_kind::udp ? ports::transport::udp : ports::transport::tcp;
  }
  /// Whether a visitor with this address may come.
  bool admits(const boost::asio::ip::address& who) const;
};

/// A tunnel for discovery, as it is now.
struct tunnel_view {
  std::string name;
  service_kind kind = service_kind::tcp;
  std::uint16_t port = 0;
  std::string message;
  wall_time birth;
  wall_time deadline;               ///< Far ahead when no time is set.
  std::uint32_t online = 0;         ///< Visitors now.
  std::uint32_t capacity = 0;       ///< Visitors at once.
  std::uint32_t already_serve = 0;  ///< Visitors so far.
  std::uint32_t total_serve = 0;    ///< Visitors in all.
};

}  // namespace frpx::tunnel
