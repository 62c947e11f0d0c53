// What `frps --monitor` and `frps status` print: the API's answers as text or JSON.
#pragma once

#include <boost/json/value.hpp>

#include <chrono>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/result.hpp"

namespace frpx::server {

/// A line of the monitor.
struct monitored_client {
  struct report {
    double cpu_usage = 0;  ///< Percent, as the other two.
    double memory_usage = 0;
    double disk_usage = 0;
    std::int64_t seconds_ago = 0;

    bool operator==(const report&) const = default;
  };
  std::string id;
  std::optional<report> last;  ///< Nothing before the first one.
  std::int64_t in_flight = 0;  ///< Requests and tunnels that it serves now.

  bool operator==(const monitored_client&) const = default;
};

/// What is up in a server.
struct server_status {
  struct part {
    std::string state;  ///< up, down or none.
    std::string since;  ///< RFC 3339.
  };
  std::string health;  ///< healthy or degraded.
  std::chrono::seconds uptime{0};
  part database;
  part cache;
  std::int64_t control_port = 0;
  std::int64_t proxy_port = 0;
  std::int64_t public_port = 0;
  std::int64_t api_port = 0;
  std::int64_t clients = 0;
  std::int64_t silent_clients = 0;      ///< Of them, those that have not reported yet.
  std::int64_t requests_in_flight = 0;  ///< Tunnels count too.
  std::int64_t streams_pending = 0;     ///< Asked for, and not there yet.
  std::int64_t visitors_so_far = 0;     ///< Connections, since the start.
};

// The `data` of the endpoints' answers. Errors: api_errc::not_the_api, when a field is missing,
// has another type, or holds what no terminal should be shown.

/// From `/api/clients`, ordered by id.
result<std::vector<monitored_client>> read_clients(const boost::json::value& clients);
/// From `/api/health`, `/api/ports`, `/api/stats` and `/api/clients`.
result<server_status> read_status(const boost::json::value& health, const boost::json::value& ports,
                                  const boost::json::value& stats,
                                  const boost::json::value& clients);

// The texts end with a line end.

/// The table of public frpx, or `No active clients.`; a column grows with a longer id.
std::string as_lines(std::span<const monitored_client> clients);
/// An array; what has not been reported is null.
std::string as_json(std::span<const monitored_client> clients);

std::string as_lines(const server_status& now);
std::string as_json(const server_status& now);

/// `text` as what a terminal of `rows` lines is to show instead of what it shows now: each line is
/// overwritten, so that nothing flickers, and what does not fit is counted in the last line.
std::string redrawn(std::string_view text, std::size_t rows);

}  // namespace frpx::server
