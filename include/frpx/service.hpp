/// @file
/// What is exposed, how much of it, and what others see of it.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

namespace frpx {

/// What a client wants exposed.
struct register_info {
  std::uint16_t outer_port = 0;  ///< The public port; one that the server gives, not 0.
  std::string inner_addr;        ///< The inner service, `127.0.0.1:22`; `:22` is on this machine.
  std::string name;              ///< For discovery; up to 256 bytes of UTF-8.
  std::string message;           ///< For discovery; up to 4096 bytes of UTF-8.
};

/// How much of a service is served. 0 each time: no limit is set.
struct control_info {
  std::uint32_t max_serve_time = 0;   ///< Seconds, after which the tunnel ends with its visitors.
  std::uint32_t max_serve_conn = 0;   ///< Visitors at once; further ones are reset. 0: 10000.
  std::uint32_t max_serve_count = 0;  ///< Visitors in all; when the last has left, the tunnel ends.
};

/// A service as discovery shows it.
struct service_info {
  std::uint16_t port = 0;                          ///< The outer port.
  std::string name;                                ///< As registered.
  std::string message;                             ///< As registered.
  std::chrono::system_clock::time_point birth;     ///< When it was registered.
  std::chrono::system_clock::time_point deadline;  ///< When it ends; years ahead without a limit.
  std::uint32_t online = 0;                        ///< Visitors now.
  std::uint32_t capacity = 0;                      ///< Visitors at once.
  std::uint32_t already_serve = 0;                 ///< Visitors so far.
  std::uint32_t total_serve = 0;                   ///< Visitors in all; 100000 without a limit.
};

/// The ports from `from` to `to`, both among them.
struct port_range {
  std::uint16_t from = 0;  ///< The first, at least 1.
  std::uint16_t to = 0;    ///< The last, at least `from`.
};

/// How much a line of the log matters.
enum class log_level {
  debug,    ///< What happens all the time.
  info,     ///< What an operator likes to know.
  warning,  ///< What somebody else did wrong.
  error,    ///< What is wrong here.
};

/// Gets each line of the log, from threads of the server's or client's own, one at a time. It must
/// not call the server or client that it belongs to. Null: silence.
using logger = std::function<void(log_level, std::string_view)>;

}  // namespace frpx
