// Messages of the proxylite dialect: `u32 type | u32 length`, little endian, then so many bytes of
// JSON (docs/proxylite.md).
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "core/clock.hpp"
#include "core/result.hpp"
#include "core/secret.hpp"
#include "wire/frame.hpp"

namespace frpx::wire::proxylite {

inline constexpr std::size_t header_size = 8;
inline constexpr std::size_t longest_question = 64 * 1024;       ///< What a client may ask with.
inline constexpr std::size_t longest_answer = 16 * 1024 * 1024;  ///< What a server may answer.
inline constexpr std::size_t most_ports = 65536;
inline constexpr std::size_t most_services = 65536;
inline constexpr std::size_t most_capabilities = 32;
inline constexpr std::size_t longest_line = 256;     ///< Names and addresses, in bytes.
inline constexpr std::size_t longest_remark = 4096;  ///< The free text of a service, in bytes.

/// The capability of our own programs: after the registration the connection is a link
/// (docs/link.md), with the server in the server's role.
inline constexpr std::string_view capability_link = "link/1";

enum class type : std::uint32_t {
  undefined = 0,
  malformed = 1,
  ask_free_ports = 2,
  free_ports = 3,
  ask_services = 4,
  services = 5,
  register_service = 6,
  registered = 7,
  data_segment = 64,
};

/// Server to client: the first message had no type that is known.
struct undefined {
  bool operator==(const undefined&) const = default;
};

/// Server to client: the message's payload could not be read.
struct malformed {
  bool operator==(const malformed&) const = default;
};

/// Client to server: which ports are free? `token` is ours, as in `register_service`.
struct ask_free_ports {
  secret token;
  bool operator==(const ask_free_ports&) const = default;
};

/// Server to client, in ascending order.
struct free_ports {
  std::vector<std::uint32_t> ports;
  bool operator==(const free_ports&) const = default;
};

/// Client to server: which services are there, whose name begins so? `token` as above.
struct ask_services {
  std::string prefix;
  secret token;
  bool operator==(const ask_services&) const = default;
};

/// A service as others may see it.
struct service_info {
  std::uint32_t port = 0;
  std::string name;
  std::string message;
  wall_time birth;
  wall_time deadline;
  std::uint32_t online = 0;
  std::uint32_t capacity = 0;
  std::uint32_t already_serve = 0;
  std::uint32_t total_serve = 0;
  bool operator==(const service_info&) const = default;
};

/// Server to client.
struct services {
  std::vector<service_info> list;
  bool operator==(const services&) const = default;
};

/// What a client exposes. `inner_addr` means something to the client alone.
struct register_info {
  std::uint32_t outer_port = 0;
  std::string inner_addr;
  std::string name;
  std::string message;
  bool operator==(const register_info&) const = default;
};

/// How much of it; 0 each time: no limit is set. The time is in seconds.
struct control_info {
  std::uint32_t max_serve_time = 0;
  std::uint32_t max_serve_conn = 0;
  std::uint32_t max_serve_count = 0;
  bool operator==(const control_info&) const = default;
};

/// Client to server. `token` and `capabilities` are ours; public servers do not look at them.
struct register_service {
  register_info info;
  control_info control;
  secret token;
  std::vector<std::string> capabilities;
  bool operator==(const register_service&) const = default;
};

enum class register_code : std::int32_t {
  ok = 0,
  not_allowed = 1,
  occupied = 2,
  server_error = 3,
};

/// Server to client. A code of a newer server is kept as it is.
struct registered {
  std::int32_t code = 0;
  std::vector<std::string> capabilities;  ///< Of the client's, those that the server will use.
  bool operator==(const registered&) const = default;
};

using message = std::variant<undefined, malformed, ask_free_ports, free_ports, ask_services,
                             services, register_service, registered>;

/// A message as it came.
struct raw_message {
  std::uint32_t type = 0;
  std::string_view payload;
};

/// Reads a message as Go's `encoding/json` reads the public structs: keys without regard to case, a
/// later one in place of an earlier, absent and null ones as zero, unknown ones ignored.
/// Errors: unknown_command for a type that is no message; not_json, not_a_command, wrong_type,
/// too_long and too_many for a payload that is answered with `malformed`.
result<message> parse_message(const raw_message& from);

/// The bytes of the message, header included. Texts must be UTF-8. Of `services` as many are
/// written as `longest_answer` holds.
std::string encode(const message& what);

/// Cuts the bytes of a connection into messages.
class message_reader final : public frame_buffer {
 public:
  explicit message_reader(std::size_t limit) : limit_(limit) {}

  /// The next whole message, or nothing when more bytes are needed; it lives until prepare() is
  /// called. `errc::frame_too_long` is final: the connection must be closed.
  result<std::optional<raw_message>> next();

 private:
  const std::size_t limit_;
};

}  // namespace frpx::wire::proxylite
