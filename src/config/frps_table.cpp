#include "config/option.hpp"

namespace frpx::config {
namespace {

void add_network(option_table& table, frps_options& o) {
  constexpr auto in = group::network;
  table.insert(table.end(),
               {
                   {.name = "control-port",
                    .in = in,
                    .value = "PORT",
                    .help = "Port for the clients' control connections",
                    .detail = "0 lets the system choose a free one; `--ready-file` tells which.",
                    .to = &o.control_port},
                   {.name = "proxy-port",
                    .in = in,
                    .value = "PORT",
                    .help = "Port for the clients' streams",
                    .to = &o.proxy_port},
                   {.name = "public-port",
                    .in = in,
                    .value = "PORT",
                    .help = "Port for visitors: the load-balanced HTTP entry",
                    .to = &o.public_port},
                   {.name = "api-port",
                    .in = in,
                    .value = "PORT",
                    .help = "Port for operators: the REST API",
                    .to = &o.api_port},
                   {.name = "bind",
                    .in = in,
                    .value = "ADDRESS",
                    .help = "Address of the control, proxy and public port",
                    .detail = "`::` is every address of the machine, IPv4 ones too.",
                    .to = &o.bind},
                   {.name = "api-bind",
                    .in = in,
                    .value = "ADDRESS",
                    .help = "Address of the API port; on loopback it asks for no login",
                    .detail = "Elsewhere it asks for `--api-token`, or for the login of a user of "
                              "the role viewer or admin. It speaks plain HTTP: put TLS in front.",
                    .to = &o.api_bind},
                   {.name = "keeper-path",
                    .in = in,
                    .value = "PATH",
                    .help = "Serve the public frp server's plugin here on the API port",
                    .detail = "As `frp-port-keeper` does at `/port-registrations`, on the leases "
                              "in this server's database. It asks for no token.",
                    .default_text = "none",
                    .to = &o.keeper_path},
                   {.name = "allow-ports",
                    .in = in,
                    .value = "RANGES",
                    .help = "Ports that it gives, like 6000-7000,10022",
                    .default_text = "1024-65535",
                    .to = &o.allow_ports},
                   {.name = "outer-ports",
                    .in = in,
                    .value = "RANGES",
                    .help = "Ports for the clients' services, like 9930-9932,10022",
                    .detail = "A service asks for one of them, or for any: then it gets the same "
                              "one for life. They are opened at the address of --bind.",
                    .default_text = "none",
                    .to = &o.outer_ports},
                   {.name = "max-leases",
                    .in = in,
                    .value = "N",
                    .help = "Most outer ports of one account; 0 any number",
                    .detail = "Leased or open. `frps user leases` sets another bound for one "
                              "account. With --keeper-path also: most leases of one user of frp.",
                    .to = &o.max_leases},
                   {.name = "proxylite-port",
                    .in = in,
                    .value = "PORT",
                    .help = "Port for proxylite clients, which need no account",
                    .detail = "Whoever reaches it may open tunnels on --outer-ports. So it is on "
                              "loopback, unless --proxylite-allow or --proxylite-token guards it: "
                              "then it is at the address of --bind.",
                    .default_text = "none",
                    .to = &o.proxylite_port},
                   {.name = "proxylite-allow",
                    .in = in,
                    .value = "NETWORKS",
                    .help = "Who may use the proxylite port, like 10.0.0.0/8,192.0.2.7",
                    .default_text = "this machine",
                    .to = &o.proxylite_allow},
                   {.name = "no-link",
                    .in = in,
                    .help = "Speak the public protocol only, also with our own clients",
                    .to = &o.no_link},
                   {.name = "max-clients",
                    .in = in,
                    .value = "N",
                    .help = "Most clients at once",
                    .detail = "One more is refused at login.",
                    .default_text = "by the limit on open files",
                    .to = &o.max_clients},
                   {.name = "max-visitors",
                    .in = in,
                    .value = "N",
                    .help = "Most visitors' connections at once",
                    .detail = "Beyond it no further one is accepted until one ends.",
                    .default_text = "by the limit on open files",
                    .to = &o.max_visitors},
                   {.name = "max-head",
                    .in = in,
                    .value = "BYTES",
                    .help = "Longest head of a request; then 431",
                    .detail = "1024 to 131072. A local service's longest head as well; then 502.",
                    .to = &o.max_head},
                   {.name = "max-fields",
                    .in = in,
                    .value = "N",
                    .help = "Most fields in the head of a request, at most 250; then 431",
                    .detail = "A local service's most fields as well; then 502.",
                    .may_be_zero = false,
                    .to = &o.max_fields},
                   {.name = "max-target",
                    .in = in,
                    .value = "BYTES",
                    .help = "Longest target (path and query) of a request; then 414",
                    .may_be_zero = false,
                    .to = &o.max_target},
                   {.name = "max-body",
                    .in = in,
                    .value = "BYTES",
                    .help = "Longest body of a request; then 413; 0: any length",
                    .detail = "Bodies are streamed, so any length costs no memory here.",
                    .to = &o.max_body},
                   {.name = "max-model-body",
                    .in = in,
                    .value = "BYTES",
                    .help = "How much of a request is read to find its model; then 413",
                    .detail = "Most programs write the messages, photos among them, in front of "
                              "`model`. It holds where clients have different models, and for "
                              "keys with a list of models, whose whole body is read.",
                    .may_be_zero = false,
                    .to = &o.max_model_body},
                   {.name = "model-body-memory",
                    .in = in,
                    .value = "BYTES",
                    .help = "Memory of all requests that are read for it",
                    .detail = "Beyond it 503. At least twice --max-model-body.",
                    .default_text = "1/4 of memory, at most 1 GiB",
                    .to = &o.model_body_memory},
                   {.name = "trusted-proxies",
                    .in = in,
                    .value = "CIDR,...",
                    .help = "Proxies in front, whose X-Forwarded-* are believed",
                    .detail = "Like `127.0.0.1,10.0.0.0/8,2001:db8::/32`. What they say in "
                              "X-Forwarded-For, -Proto, -Host, Forwarded and X-Request-Id is "
                              "kept or added to; what anybody else says is replaced.",
                    .default_text = "none",
                    .to = &o.trusted_proxies},
                   {.name = "h2-streams",
                    .in = in,
                    .value = "N",
                    .help = "Most requests at once on one HTTP/2 connection",
                    .detail = "1 to 4096. Each counts against `--max-visitors` as well.",
                    .may_be_zero = false,
                    .to = &o.h2_streams},
                   {.name = "half-close",
                    .in = in,
                    .help = "A visitor that closes its sending side still gets its answer",
                    .detail = "For clients such as `nc -N` that send a request and then only read. "
                              "Without it, closing the sending side behind a complete HTTP/1 "
                              "request means that the visitor has left: its request is cancelled "
                              "at the local service at once. Tunnels of other kinds, and "
                              "connections that were upgraded, always carry a half-close.",
                    .to = &o.half_close},
                   {.name = "abort-on-eof",
                    .in = in,
                    .help = "Accepted for older configurations; has no effect",
                    .detail = "What it asked for is the default now: see `--half-close`.",
                    .to = &o.abort_on_eof},
                   {.name = "hide-clients",
                    .in = in,
                    .help = "Do not say in X-Frpx-Client which client answered",
                    .to = &o.hide_clients},
                   {.name = "max-pending",
                    .in = in,
                    .value = "N",
                    .help = "Most connections of clients that have not said who they are",
                    .may_be_zero = false,
                    .to = &o.max_pending},
                   {.name = "move-after",
                    .in = in,
                    .value = "BYTES",
                    .help = "Bulk after which a stream leaves the link; 0: never",
                    .to = &o.move_after},
               });
}

void add_deadlines(option_table& table, frps_options& options) {
  constexpr auto in = group::network;
  frps_deadlines& o = options.deadlines;
  const auto add = [&](std::string_view name, std::string_view help, milliseconds* to,
                       std::string_view detail = {}) {
    table.push_back({.name = name,
                     .in = in,
                     .value = "TIME",
                     .help = help,
                     .detail = detail,
                     .may_be_zero = false,
                     .to = to});
  };
  add("first-frame-timeout", "Wait for a new connection's first frame", &o.first_frame);
  add("login-timeout", "Wait for a client's login and registration", &o.login);
  add("request-head-timeout", "Wait for a request's head", &o.request_head,
      "From its first byte to its last; then 408.");
  add("body-stall-timeout", "Wait for the next bytes of a request's body", &o.body_stall);
  add("stream-timeout", "Wait for one client's stream, before the next is tried", &o.stream);
  add("stream-total-timeout", "Wait for a stream from any client, all tries together",
      &o.stream_total);
  add("confirmation-timeout", "Wait for a client's word that it reached its service",
      &o.confirmation,
      "Then the next client is tried. Our clients give it on the link, after 2 s at the latest "
      "unless their `--local-connect-timeout` says otherwise.");
  add("response-head-timeout", "Wait for a response's head", &o.response_head,
      "Long, for a language model may think for minutes; then 504.");
  add("response-stall-timeout", "Wait for the next bytes of a response", &o.response_stall);
  add("idle-visitor-timeout", "Wait for a keep-alive visitor's next request", &o.idle_visitor);
  add("idle-stream-timeout", "Wait for the next request on a reused HTTP stream", &o.idle_stream,
      "Below the five seconds after which common web servers close an idle connection.");
  add("key-check-timeout", "Wait for the answer whether an API key is valid", &o.key_check);
  add("udp-idle", "Wait for the next datagram before a udp visitor is forgotten", &o.udp_idle);
  add("client-silence", "Wait for one of our clients' heartbeat before it is gone",
      &o.client_silence);
  add("public-client-silence", "Wait for a public frpx client's heartbeat",
      &o.public_client_silence,
      "Longer, for those ask the local service for its models first, without a time limit.");
  table.push_back({.name = "drain-timeout",
                   .in = in,
                   .value = "TIME",
                   .help = "Wait for what still runs at shutdown",
                   .detail = "After SIGTERM or SIGINT nothing new is accepted; what has not ended "
                             "by then is cut. 0 cuts at once.",
                   .to = &o.drain});
}

void add_balancing(option_table& table, frps_options& o) {
  constexpr auto in = group::balancing;
  table.insert(
      table.end(),
      {
          {.name = "policy",
           .in = in,
           .value = "NAME",
           .help = "random, round-robin, least-inflight, p2c, sticky",
           .detail = "Which client serves, among those that have the model, or all. `p2c` draws "
                     "two and takes the "
                     "less busy. See [balancing](balancing.md).",
           .one_of = "random, round-robin, least-inflight, p2c, sticky",
           .to = &o.policy},
          {.name = "sticky",
           .in = in,
           .value = "BY",
           .help = "With --policy sticky: header:NAME, cookie:NAME, key or prompt",
           .detail = "What makes two requests go to the same client: a header, a cookie, the API "
                     "key, or the first message of a model's request, so that a conversation finds "
                     "its warm cache.",
           .default_text = "key",
           .to = &o.sticky},
          {.name = "group-policy",
           .in = in,
           .value = "NAME",
           .help = "The same for a group of clients behind an outer port",
           .detail = "`sticky` goes by the visitor's address. See "
                     "[groups](outer-ports.md#groups).",
           .one_of = "random, round-robin, least-inflight, p2c, sticky",
           .to = &o.group_policy},
          {.name = "unknown-model",
           .in = in,
           .value = "HOW",
           .help = "A model that no client has: any (client), or reject with 404",
           .one_of = "any, reject",
           .to = &o.unknown_model},
          {.name = "retry",
           .in = in,
           .value = "PATHS",
           .help = "Paths, with commas between, that may be asked twice",
           .detail =
               "A request for one of them goes to the next client when the first fails before "
               "it answers, although it is POST. GET, HEAD, OPTIONS, PUT and DELETE always "
               "do. `none`: no path.",
           .default_text = "the models' paths",
           .to = &o.retry},
          {.name = "queue",
           .in = in,
           .value = "N",
           .help = "Most requests that wait while all clients are full; then 429",
           .to = &o.queue},
          {.name = "queue-timeout",
           .in = in,
           .value = "TIME",
           .help = "How long a request waits for a client with room; then 429",
           .may_be_zero = false,
           .to = &o.queue_timeout},
          {.name = "set-aside-after",
           .in = in,
           .value = "N",
           .help = "Failures in a row after which a client is set aside",
           .detail = "A refused connection is enough alone. Then pauses of one second and longer, "
                     "each followed by one request that tries it.",
           .may_be_zero = false,
           .to = &o.set_aside_after},
          {.name = "set-aside-most",
           .in = in,
           .value = "TIME",
           .help = "The longest of these pauses",
           .may_be_zero = false,
           .to = &o.set_aside_most},
      });
}

}  // namespace

option_table table_of(frps_options& o) {
  option_table table;
  add_network(table, o);
  add_deadlines(table, o);
  add_balancing(table, o);
  table.insert(
      table.end(),
      {
          {.name = "database-url",
           .in = group::database,
           .value = "URL",
           .help = "Where users and keys are kept",
           .detail = "`sqlite:PATH` names another file than `frpx.db` in the data folder, "
                     "`memory:` keeps nothing, `postgres://user:password@host:port/name` is a "
                     "PostgreSQL server, with libpq's further words such as "
                     "`?sslmode=verify-full`. A database of public frpx is taken over as it is.",
           .default_text = "SQLite in the data folder",
           .also = "DATABASE_URL",
           .to = &o.database_url},
          {.name = "redis-url",
           .in = group::database,
           .value = "URL",
           .help = "A cache that several servers share",
           .detail = "`redis://user:password@host:port/number`, or `rediss://` for TLS. It holds "
                     "hashes, never keys.",
           .default_text = "none",
           .also = "REDIS_URL",
           .to = &o.redis_url},
          {.name = "database-pool",
           .in = group::database,
           .value = "N",
           .help = "Most connections to a PostgreSQL server",
           .may_be_zero = false,
           .to = &o.database_pool},
          {.name = "database-timeout",
           .in = group::database,
           .value = "TIME",
           .help = "Wait for whatever the database is asked",
           .detail = "Connecting included, and whatever the server does. Keep it below "
                     "--key-check-timeout, so that a key's grace is known in time.",
           .may_be_zero = false,
           .to = &o.database_timeout},
          {.name = "key-grace",
           .in = group::database,
           .value = "TIME",
           .help = "How long a known API key stays valid while the database is away",
           .detail =
               "Never beyond the key's own expiry. A key that this server has not seen lately "
               "is refused meanwhile.",
           .to = &o.key_grace},
          {.name = "data-dir",
           .in = group::database,
           .value = "DIR",
           .help = "Folder for what lasts; made with mode 0700",
           .detail =
               "`/var/lib/frpx` as root, else `$XDG_STATE_HOME/frpx`, else `~/.local/state/frpx`. "
               "A folder that every user of the machine may write to is refused; the log warns of "
               "one that a group may write to.",
           .default_text = "the user's state folder",
           .to = &o.data_dir},
          {.name = "api-key",
           .in = group::security,
           .value = "KEY",
           .help = "An API key that needs no database",
           .detail = "Valid beside those made with `frps key add`; with PostgreSQL only while the "
                     "database cannot be asked.",
           .default_text = "none",
           .also = "API_KEY",
           .to = &o.api_key},
          {.name = "api-token",
           .in = group::security,
           .value = "TOKEN",
           .help = "What the API asks for as bearer token",
           .detail = "Besides, users of the roles viewer and admin may log in.",
           .default_text = "none",
           .to = &o.api_token},
          {.name = "api-cors",
           .in = group::security,
           .value = "ORIGIN",
           .help = "Pages of this origin may use the API, like https://ops.example",
           .detail = "Without it no page may but the one that the API port serves.",
           .default_text = "none",
           .to = &o.api_cors},
          {.name = "proxylite-token",
           .in = group::security,
           .value = "TOKEN",
           .help = "What a proxylite client must show",
           .detail = "Without it the server opens no tunnel and tells neither its ports nor its "
                     "services. Our own clients can show it; those of the public package cannot.",
           .default_text = "none",
           .to = &o.proxylite_token},
          {.name = "token-secret-file",
           .in = group::security,
           .value = "FILE",
           .help = "The secret that signs clients' tokens",
           .detail = "At least 32 bytes; made if it does not exist. Servers that share a database "
                     "share it too, or a client must log in anew at each.",
           .default_text = "token-secret in the data folder",
           .to = &o.token_secret_file},
          {.name = "keys-are-tokens",
           .in = group::security,
           .help = "Let clients in by API keys too, as public frpx does",
           .detail = "Then every visitor who has a key may register a client and read what others "
                     "ask.",
           .to = &o.keys_are_tokens},
          {.name = "demo",
           .in = group::security,
           .help = "Try it out: loopback, in memory, known user and keys",
           .detail = "The user `test@example.com` with password `123456`, the API keys `abc123` "
                     "and `test-api-key-123`. Nothing is kept; database and Redis settings are "
                     "ignored.",
           .to = &o.demo},
          {.name = "log-level",
           .in = group::monitoring,
           .value = "LEVEL",
           .help = "trace, debug, info, warn, error or off",
           .to = &o.log_level},
          {.name = "log-format",
           .in = group::monitoring,
           .value = "FORMAT",
           .help = "text or json, one event a line on standard error",
           .to = &o.log_format},
          {.name = "access-log",
           .in = group::monitoring,
           .help = "Log a line for each request",
           .to = &o.access_log},
          {.name = "monitor",
           .in = group::monitoring,
           .help = "Print the running server's clients and end",
           .detail = "Asks its API at `--api-bind`, `--api-port` with `--api-token`, as `frps "
                     "status` does.",
           .in_file = false,
           .to = &o.monitor},
          {.name = "watch",
           .in = group::monitoring,
           .help = "With --monitor: draw it anew each second, until Ctrl-C",
           .in_file = false,
           .to = &o.watch},
          {.name = "json",
           .in = group::monitoring,
           .help = "With --monitor or a subcommand: answer as JSON",
           .in_file = false,
           .to = &o.json},
          {.name = "workers",
           .in = group::general,
           .value = "N",
           .help = "Threads that move data",
           .default_text = "half the cores, at least 1",
           .to = &o.workers},
          {.name = "ready-file",
           .in = group::general,
           .value = "FILE",
           .help = "Written with the ports as JSON when all of them listen",
           .detail = "`{\"control\":N,\"proxy\":N,\"public\":N,\"api\":N}`, replaced atomically.",
           .default_text = "none",
           .to = &o.ready_file},
      });
  return table;
}

}  // namespace frpx::config
