// The plugin's endpoint for the public frp server.
#pragma once

#include <cstdint>

#include "core/log.hpp"
#include "http/message.hpp"
#include "keeper/plugin_request.hpp"
#include "ports/leases.hpp"

namespace frpx::keeper {

/// What was answered, since the start.
struct counts {
  std::uint64_t known = 0;      ///< Leases that were there.
  std::uint64_t given = 0;      ///< New leases, and old ones that were changed.
  std::uint64_t rejected = 0;   ///< For want of a port, or of the wished one.
  std::uint64_t failed = 0;     ///< The store could not be asked.
  std::uint64_t unchanged = 0;  ///< Other operations and kinds without a port.
  std::uint64_t invalid = 0;
};

/// Gives each tcp and udp proxy its lease's port and hands the rest of its definition back byte for
/// byte. Everything else that frp asks is answered "unchanged"; pings and closed proxies are noted.
///
/// Serves on one worker. It and `leases` outlive the HTTP service that asks it.
class endpoint {
 public:
  endpoint(ports::leases& from, bool allow_no_user)
      : leases_(from), allow_no_user_(allow_no_user) {}
  endpoint(const endpoint&) = delete;
  endpoint& operator=(const endpoint&) = delete;

  boost::asio::awaitable<http::response> serve(const http::request& asked);
  const counts& so_far() const { return counts_; }

 private:
  boost::asio::awaitable<http::response> new_proxy(std::string_view content);
  boost::asio::awaitable<http::response> give(registration proxy);
  http::response other(std::string_view op, std::string_view content);
  http::response invalid(const char* why);
  http::response invalid(const char* why, log::rate_limit& limiter);
  http::response unchanged();
  http::response rejected(error_code why);

  ports::leases& leases_;
  const bool allow_no_user_;
  counts counts_;
  log::rate_limit invalid_log_;
  log::rate_limit userless_log_;  // the usual mistake must not be drowned by others
  log::rate_limit rejected_log_;
};

/// `serve` as a handler.
http::handler handler_of(endpoint& of);

}  // namespace frpx::keeper
