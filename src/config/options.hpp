// What the programs can be told, as plain structs whose initialisers are the defaults.
//
// Everything else about an option (its name, group, help, environment variable) stands once in
// frps_table.cpp, frpc_table.cpp and keeper_table.cpp; command_line.hpp fills the structs from all
// sources.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include "core/log.hpp"
#include "core/secret.hpp"
#include "core/service_kind.hpp"

namespace frpx::config {

using std::chrono::milliseconds;

/// How long `frps` waits, and for what. All above zero, but for `drain`.
struct frps_deadlines {
  milliseconds first_frame{5'000};       ///< A connection's first frame.
  milliseconds login{10'000};            ///< From accept to a registered client.
  milliseconds request_head{10'000};     ///< A request's head, from its first byte.
  milliseconds body_stall{30'000};       ///< The next bytes of a request's body.
  milliseconds stream{5'000};            ///< One client's stream.
  milliseconds stream_total{15'000};     ///< A stream from any client, all tries together.
  milliseconds confirmation{3'000};      ///< A client's word that it reached its service.
  milliseconds response_head{300'000};   ///< A response's head, once the request is on its way.
  milliseconds response_stall{300'000};  ///< The next bytes of a response.
  milliseconds idle_visitor{60'000};     ///< A keep-alive visitor's next request.
  milliseconds idle_stream{4'000};       ///< A reused HTTP stream without a request.
  milliseconds key_check{2'000};         ///< The answer to "is this key valid".
  milliseconds udp_idle{60'000};         ///< The next datagram of an association.
  milliseconds drain{10'000};            ///< What still runs at shutdown.
  milliseconds client_silence{15'000};   ///< A heartbeat of a client of ours.
  milliseconds public_client_silence{45'000};  ///< A heartbeat of a public frpx client.
};

/// Ranges of ports, as in `6000-7000,10022`; the room ports reads them.
struct port_list {
  std::string text;
};

/// Ranges of addresses, as in `127.0.0.1,10.0.0.0/8` (core/networks.hpp).
struct network_list {
  std::string text;
};

struct frps_options {
  // Network
  std::uint16_t control_port = 17000;  ///< 0 lets the system choose, here and below.
  std::uint16_t proxy_port = 17001;
  std::uint16_t public_port = 18080;
  std::uint16_t api_port = 18081;
  std::string bind = "::";  ///< Address of control, proxy and public port; `::` is all, IPv4 too.
  std::string api_bind = "127.0.0.1";
  std::string keeper_path;         ///< Empty: no endpoint for the public frp server.
  port_list allow_ports;           ///< The ports that it gives. Empty: 1024-65535.
  port_list outer_ports;           ///< For the clients' services. Empty: none.
  std::uint32_t max_leases = 100;  ///< Outer ports of one account; 0: any number.
  std::string proxylite_port;      ///< Empty: no proxylite clients.
  std::string proxylite_allow;     ///< Networks, separated by commas. Empty: see `proxylite_token`.
  bool no_link = false;            ///< Offer the public protocol only, also to clients of ours.
  std::uint32_t max_clients = 0;   ///< 0: as many as the limit on open files allows.
  std::uint32_t max_visitors = 0;  ///< The same.
  std::uint32_t move_after = 256 * 1024;  ///< Bytes, after which bulk leaves the link; 0: never.
  std::uint32_t max_head = 32 * 1024;     ///< Bytes of a request's or a response's head.
  std::uint32_t max_fields = 100;         ///< Fields of a head.
  std::uint32_t max_target = 8 * 1024;    ///< Bytes of a request's target.
  std::uint32_t max_body = 0;             ///< Bytes of a request's body; 0: any.
  std::uint32_t max_model_body = 32 * 1024 * 1024;  ///< Bytes that are read to find its model.
  std::uint32_t model_body_memory = 0;              ///< Bytes of all requests; 0: by the memory.
  network_list trusted_proxies;                     ///< Empty: none.
  std::uint32_t h2_streams = 128;    ///< Requests at once on one connection of HTTP/2.
  bool half_close = false;           ///< A visitor's FIN is not its leaving.
  bool abort_on_eof = false;         ///< Without effect: it is the default now.
  bool hide_clients = false;         ///< Answers do not name the client.
  std::uint32_t max_pending = 1024;  ///< Connections to control and proxy port without a login yet.
  frps_deadlines deadlines;

  // Balancing
  std::string policy = "random";
  std::string sticky;                   ///< Empty: none, unless `policy` is sticky; then `key`.
  std::string group_policy = "random";  ///< Among the clients of a service's group.
  std::string unknown_model = "any";
  std::string retry;           ///< Paths; empty: those of language models.
  std::uint32_t queue = 1024;  ///< Requests that wait while all clients are full.
  milliseconds queue_timeout{30'000};
  std::uint32_t set_aside_after = 3;    ///< Failures in a row.
  milliseconds set_aside_most{30'000};  ///< The longest pause.

  // Database & Caching
  secret database_url;  ///< Empty: SQLite in the data folder. Secret, for it may hold a password.
  secret redis_url;     ///< Empty: none.
  std::uint32_t database_pool = 10;         ///< Connections to a database server.
  milliseconds database_timeout{1'000};     ///< Whatever is asked of the database.
  milliseconds key_grace{60 * 60 * 1'000};  ///< For known keys, while the database is away.
  std::filesystem::path data_dir;           ///< Never empty once read.

  // Security
  secret api_key;          ///< Empty: none. Given, it is always valid with the embedded store.
  secret api_token;        ///< Empty: none. The API's bearer token.
  std::string api_cors;    ///< Whose pages may use the API. Empty: nobody's.
  secret proxylite_token;  ///< Empty: none; then the proxylite port is on loopback or has networks.
  std::filesystem::path token_secret_file;  ///< Empty: `token-secret` in the data folder.
  bool keys_are_tokens = false;             ///< An API key also lets a client in.
  bool demo = false;  ///< Loopback, in memory, one known user and two known keys.

  // Monitoring
  log::level log_level = log::level::info;
  log::format log_format = log::format::text;
  bool access_log = false;  ///< One line a request.
  bool monitor = false;     ///< Print the running server's clients and end.
  bool watch = false;       ///< With `monitor`: every second, until a signal.
  bool json = false;        ///< What is printed is JSON.

  // General
  std::uint32_t workers = 0;         ///< At least 1 once read: half the cores by default.
  std::filesystem::path ready_file;  ///< Empty: none.
};

/// How long `frpc` waits, and for what.
struct frpc_deadlines {
  milliseconds connect{5'000};        ///< A connection to the server, name look-up included.
  milliseconds login{10'000};         ///< From connected to registered.
  milliseconds local_connect{2'000};  ///< A connection to the local service.
  milliseconds models{5'000};         ///< The local service's list of models.
  milliseconds udp_idle{60'000};      ///< The next datagram of an association.
  milliseconds drain{10'000};         ///< What still runs at shutdown.
};

/// Bytes a second; 0: no limit.
struct byte_rate {
  std::uint64_t bytes = 0;

  bool operator==(const byte_rate&) const = default;
};

/// A service that `frpc` exposes: `[[services]]` in its file.
struct service_entry {
  std::string name;
  service_kind kind = service_kind::tcp;
  std::string local_addr = "127.0.0.1";
  std::uint16_t local_port = 0;    ///< Never 0 once read.
  std::uint16_t outer_port = 0;    ///< 0: any, the same for life; of http: the public port.
  milliseconds max_serve_time{0};  ///< 0, here and below: no limit.
  std::uint32_t max_serve_conn = 0;
  std::uint32_t max_serve_count = 0;
  std::uint32_t weight = 1;
  std::string group;
  byte_rate bandwidth;
  proxy_header proxy = proxy_header::none;
  std::string message;
  std::vector<std::string> allow;
  std::vector<std::string> deny;
  std::vector<std::pair<std::string, std::string>> metadata;
  std::string where;        ///< Where it was said, as `frpc.toml:12`.
  bool is_unnamed = false;  ///< Nobody named it: see complete_names().
};

struct frpc_options {
  // Network
  std::string server_addr = "127.0.0.1";
  std::uint16_t control_port = 17000;
  std::uint16_t proxy_port = 17001;
  std::string local_addr = "127.0.0.1";
  std::uint16_t local_port = 11434;
  bool no_link = false;                     ///< Speak the public protocol only.
  std::uint32_t max_streams = 10'000;       ///< Streams at once.
  std::uint32_t link_streams = 1024;        ///< Of them, on one link.
  std::uint32_t max_associations = 10'000;  ///< Visitors of udp services at once.
  std::vector<service_entry> services;
  bool serves_http = true;         ///< The local service is for the server's public port.
  std::uint32_t weight = 1;        ///< This client's share of the work, 1 to 100.
  std::uint32_t max_inflight = 0;  ///< Requests at once; 0: any number.
  milliseconds models_interval{500};
  std::string health_path;  ///< Empty: the service is not asked.
  milliseconds health_interval{5'000};
  frpc_deadlines deadlines;

  // Security
  std::string email;
  secret password;
  std::filesystem::path token_file = "token.json";

  // Monitoring
  log::level log_level = log::level::info;
  log::format log_format = log::format::text;

  // General
  std::string client_id;           ///< Empty: the machine id (host/machine_id.hpp).
  std::filesystem::path data_dir;  ///< Never empty once read. Holds a generated machine id.
};

struct keeper_options {
  // Network
  std::string listen = "127.0.0.1:8080";
  std::string path = "/port-registrations";
  port_list allow_ports;              ///< Empty: as the frps configuration says.
  std::filesystem::path frps_config;  ///< Empty: that in the working directory, if there is one.
  bool share_tcp_udp = false;
  bool strict = false;
  bool probe = false;
  std::uint32_t max_leases = 100;  ///< Of one user; 0: any number.
  milliseconds expire_after{0};    ///< 0: never.
  milliseconds drain{10'000};

  // Database & Caching
  secret database_url;            ///< Empty: SQLite beside `db_path`, else in the data folder.
  std::filesystem::path db_path;  ///< The public keeper's JSON file; may be empty.
  std::filesystem::path data_dir;

  // Security
  secret api_token;
  bool allow_no_user = false;

  // Monitoring
  log::level log_level = log::level::info;
  log::format log_format = log::format::text;

  // General
  std::filesystem::path ready_file;  ///< Empty: none.
};

}  // namespace frpx::config
