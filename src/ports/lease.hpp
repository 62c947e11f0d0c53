// A port promised to a proxy for life.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "core/clock.hpp"
#include "ports/ranges.hpp"

namespace frpx::ports {

enum class transport : std::uint8_t { tcp, udp };

std::string_view to_string(transport value);
std::optional<transport> parse_transport(std::string_view text);

/// What is known of the use of a lease. The numbers are kept in databases.
enum class use : std::uint8_t {
  unknown = 0,  ///< Imported, or made by an operator: never asked for yet.
  open = 1,     ///< Asked for; its client's pings were never heard.
  pinged = 2,   ///< Asked for; `used` moves with its client's pings.
  closed = 3,   ///< Its proxy was closed.
};

struct lease {
  std::string proxy;  ///< The key: the proxy's name with its user's prefix.
  std::uint16_t port = 0;
  transport over = transport::tcp;
  std::string user;
  std::string group;   ///< With `user`: whose members share this lease. Empty: none.
  std::string run_id;  ///< The client's session that asked last.
  use state = use::unknown;
  wall_time created;  ///< Times are kept in whole microseconds.
  wall_time used;     ///< When it was last asked for, or known to be in use.

  bool operator==(const lease&) const = default;
};

/// What a proxy asks for. Texts are plain (core/names.hpp) or, where lease allows it, empty.
struct wish {
  std::string proxy;
  transport over = transport::tcp;
  std::string user;
  std::string group;
  std::string run_id;
  std::uint32_t port = 0;        ///< 0: any. Beyond 65535: a wish that nobody can meet.
  std::optional<ranges> within;  ///< A new lease is for one of these only; nothing: any.
  /// A user with so many leases gets no new one; 0: any number, nothing: as the rules say.
  std::optional<std::uint32_t> most;
};

/// Whether `row` may be kept: its name and port, and plain texts.
bool is_valid(const lease& row);

/// Whether `row` may be freed: not used since `cutoff`, and not in use as far as can be known. A
/// lease that was asked for and never closed is in use when frps tells of closed proxies
/// (`closes_are_told`), unless its client also sends pings: then the last one counts. A group's
/// lease is never freed, for pings and closes do not name the group.
bool is_expired(const lease& row, wall_time cutoff, bool closes_are_told);

}  // namespace frpx::ports
