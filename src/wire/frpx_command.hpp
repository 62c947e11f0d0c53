// Commands of the frpx dialect: the public ones, and those of `link/1` and `services/1`
// (docs/wire.md).
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "core/result.hpp"
#include "core/secret.hpp"
#include "core/service_kind.hpp"
#include "core/uuid.hpp"

namespace frpx::wire {

inline constexpr std::size_t most_models = 4096;
inline constexpr std::size_t most_caps = 32;
inline constexpr std::size_t most_loaded = most_caps;  // a list of texts, as they are
inline constexpr std::size_t most_link_ids = 256;      // one for each worker; its index is one byte
inline constexpr std::size_t most_metadata = 32;
inline constexpr std::size_t most_ranges = 1024;    // of ports
inline constexpr std::size_t most_services = 1024;  // in a list, and of one client
inline constexpr std::size_t longest_field = 256;   // of every text but secrets, in bytes
inline constexpr std::size_t longest_secret = 4096;
inline constexpr int deepest_json = 32;

/// The capability that both sides must name before a command of `link/1` may be sent.
inline constexpr std::string_view cap_link_1 = "link/1";
/// The one for what a client says that the server may choose well: the fields marked so.
inline constexpr std::string_view cap_choice_1 = "choice/1";
/// The same for `services/1`.
inline constexpr std::string_view cap_services_1 = "services/1";

/// Why a login with good credentials is refused: the user's role. Both programs know the text.
inline constexpr std::string_view role_refusal =
    "This user is a viewer and may not connect clients; an admin can change the role: "
    "frps user role EMAIL client";

/// Client to server, with credentials.
struct login {
  std::string email;
  secret pass;
  std::vector<std::string> caps;  ///< Empty: a public client.
  std::string instance;           ///< UUID of the client's process; empty: a public client.
  bool operator==(const login&) const = default;
};

/// Client to server, with a token from an earlier login.
struct login_by_token {
  secret token;
  std::vector<std::string> caps;
  std::string instance;
  bool operator==(const login_by_token&) const = default;
};

/// Server to client.
struct login_result {
  bool success = false;
  std::optional<std::string> error;
  std::optional<secret> token;    ///< To keep for the next login.
  std::vector<std::string> caps;  ///< What the server will use of the client's.
  bool operator==(const login_result&) const = default;
};

/// Client to server.
struct register_client {
  std::string client_id;
  bool serves_http = true;  ///< `services/1`: false if nothing of it is for the public port.
  std::optional<std::uint32_t> weight;        ///< `choice/1`: its share of the work.
  std::optional<std::uint32_t> max_inflight;  ///< `choice/1`: requests that it takes at once.
  bool operator==(const register_client&) const = default;
};

/// Server to client.
struct register_result {
  bool success = false;
  std::optional<std::string> error;
  bool operator==(const register_result&) const = default;
};

/// Server to client: open a stream. The id is echoed as it came; ours is a UUID.
struct request_new_proxy_conn {
  std::string proxy_conn_id;
  bool operator==(const request_new_proxy_conn&) const = default;
};

/// Client to server, on the proxy port: the bytes behind this frame are the stream.
struct new_proxy_conn {
  std::string proxy_conn_id;
  bool operator==(const new_proxy_conn&) const = default;
};

/// A model as OpenAI's listing has it.
struct model {
  std::string id;
  std::string object = "model";
  std::uint64_t created = 0;  ///< Seconds since 1970.
  std::string owned_by = "library";
  // `choice/1`: what Ollama's listing has besides.
  std::optional<std::uint64_t> size;  ///< Bytes.
  std::string digest;
  std::string format;
  std::string family;
  std::string parameter_size;
  std::string quantization_level;
  bool operator==(const model&) const = default;
};

/// Client to server, every 10 s: the models it has now. None clears the list.
struct heartbeat {
  std::vector<model> models;
  std::vector<std::string> loaded;  ///< `choice/1`: of them, those that are in memory.
  std::optional<bool> healthy;      ///< `choice/1`: what its own checks of the service say.
  std::string host;                 ///< `choice/1`: the service's local address, as in Host.
  std::uint32_t left_out = 0;  ///< `choice/1`: how many models it has besides those in `models`.
  bool operator==(const heartbeat&) const = default;
};

/// Client to server. Usage in percent.
struct system_info {
  float cpu_usage = 0;
  float memory_usage = 0;
  float disk_usage = 0;
  std::string computer_name;
  bool operator==(const system_info&) const = default;
};

/// Server to client, `link/1`: one link for each id.
struct open_links {
  std::vector<uuid> ids;
  bool operator==(const open_links&) const = default;
};

/// Client to server on the proxy port, `link/1`: the bytes behind this frame are the link.
struct new_link {
  uuid link_id;
  std::uint32_t streams = 0;       ///< Concurrent streams the client takes.
  std::uint32_t early = 0;         ///< Bytes that may follow an OPEN before OPENED.
  std::uint32_t associations = 0;  ///< Concurrent udp streams; 0, or left out: it takes none.
  bool operator==(const new_link&) const = default;
};

/// Client to server, `link/1`: the link or own connection with this id cannot be made.
struct link_failed {
  uuid link_id;
  std::string error;
  bool operator==(const link_failed&) const = default;
};

/// Client to server, `link/1`: no further streams, please.
struct drain {
  bool operator==(const drain&) const = default;
};

/// Server to client, `link/1`: answers a heartbeat.
struct heartbeat_ack {
  bool operator==(const heartbeat_ack&) const = default;
};

/// One of a service's metadata.
struct named_text {
  std::string name;
  std::string value;
  bool operator==(const named_text&) const = default;
};

/// Client to server, `services/1`: open a tunnel for this service.
struct register_service {
  std::string name;
  service_kind kind = service_kind::tcp;
  std::uint16_t outer_port = 0;       ///< 0: its lease's; of an http service: none.
  std::uint32_t max_serve_time = 0;   ///< Seconds; 0 here and below: no limit.
  std::uint32_t max_serve_conn = 0;   ///< Visitors at once.
  std::uint32_t max_serve_count = 0;  ///< Visitors in all.
  std::uint32_t weight = 1;
  std::string group;
  std::vector<named_text> metadata;
  std::vector<std::string> allow;  ///< Networks, as frpx::network reads them.
  std::vector<std::string> deny;
  std::uint64_t bandwidth = 0;  ///< Bytes a second in each direction.
  proxy_header proxy = proxy_header::none;
  std::string message;
  std::string inner_address;
  bool operator==(const register_service&) const = default;
};

/// Server to client, `services/1`.
struct register_service_result {
  std::string name;
  bool success = false;
  std::optional<std::string> error;
  std::uint16_t outer_port = 0;
  bool operator==(const register_service_result&) const = default;
};

/// Client to server, `services/1`: close the tunnel.
struct cancel_service {
  std::string name;
  bool operator==(const cancel_service&) const = default;
};

/// Server to client, `services/1`. Not successful: there was none of that name.
struct cancel_service_result {
  std::string name;
  bool success = false;
  bool operator==(const cancel_service_result&) const = default;
};

/// Server to client, `services/1`: the tunnel has ended, and not at the client's wish.
struct service_ended {
  std::string name;
  std::string reason;
  bool operator==(const service_ended&) const = default;
};

/// Client to server, `services/1`.
struct ask_free_ports {
  service_kind kind = service_kind::tcp;
  bool operator==(const ask_free_ports&) const = default;
};

struct port_range {
  std::uint16_t first = 0;
  std::uint16_t last = 0;
  bool operator==(const port_range&) const = default;
};

/// Server to client, `services/1`: the outer ports that are neither open nor promised.
struct free_ports {
  std::vector<port_range> ranges;
  bool operator==(const free_ports&) const = default;
};

/// Client to server, `services/1`: its account's tunnels whose names begin so.
struct ask_services {
  std::string prefix;
  bool operator==(const ask_services&) const = default;
};

/// A tunnel, as it is now.
struct service_info {
  std::string name;
  service_kind kind = service_kind::tcp;
  std::uint16_t port = 0;
  std::string message;
  std::uint64_t birth = 0;  ///< Seconds since 1970, here and below.
  std::uint64_t deadline = 0;
  std::uint32_t online = 0;
  std::uint32_t capacity = 0;
  std::uint32_t already_serve = 0;
  std::uint32_t total_serve = 0;
  bool operator==(const service_info&) const = default;
};

/// Server to client, `services/1`.
struct services {
  std::vector<service_info> list;
  bool operator==(const services&) const = default;
};

/// Server to client, `services/1`: request_new_proxy_conn for a named service, when there is no
/// link.
struct request_service_conn {
  std::string proxy_conn_id;
  std::string service;
  service_kind kind = service_kind::tcp;
  std::string visitor;  ///< `address:port`.
  bool operator==(const request_service_conn&) const = default;
};

using command =
    std::variant<login, login_by_token, login_result, register_client, register_result,
                 request_new_proxy_conn, new_proxy_conn, heartbeat, system_info, open_links,
                 new_link, link_failed, drain, heartbeat_ack, register_service,
                 register_service_result, cancel_service, cancel_service_result, service_ended,
                 ask_free_ports, free_ports, ask_services, services, request_service_conn>;

/// Reads one command. Unknown fields are ignored and `null` counts as absent. What a public peer
/// may leave out or cannot express (models, metrics that were NaN, a model's lesser fields) gets
/// its default; anything else that lacks or is of the wrong type is an error of this room. Models
/// of a heartbeat beyond `most_models` are counted in `left_out`. `errc::unknown_command` alone is
/// not the peer's fault: it may be newer than this program.
result<command> parse_command(std::string_view text);

/// Makes a heartbeat fit: its models are at most `most_models`, their names within `longest_field`,
/// and all of it within `frame_limit` bytes. What only `choice/1` says of models goes first, then
/// models go, which `left_out` counts.
heartbeat fitted(heartbeat beat);

/// The bytes of the frame that carries the command, in the form that the public programs accept. A
/// metric that is not finite is sent as 0. A heartbeat is fitted() before.
std::string encode(const command& c);

/// The command's name on the wire.
std::string_view name_of(const command& c);

}  // namespace frpx::wire
