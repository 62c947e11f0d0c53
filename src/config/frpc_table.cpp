#include "config/option.hpp"

namespace frpx::config {
namespace {

void add_network(option_table& table, frpc_options& o) {
  constexpr auto in = group::network;
  table.insert(
      table.end(),
      {
          {.name = "server-addr",
           .letter = "s",
           .in = in,
           .value = "HOST",
           .help = "The server: a name or an address",
           .detail = "Looked up anew at each try to connect.",
           .to = &o.server_addr},
          {.name = "control-port",
           .in = in,
           .value = "PORT",
           .help = "The server's control port",
           .may_be_zero = false,
           .to = &o.control_port},
          {.name = "proxy-port",
           .in = in,
           .value = "PORT",
           .help = "The server's proxy port",
           .may_be_zero = false,
           .to = &o.proxy_port},
          {.name = "local-addr",
           .in = in,
           .value = "HOST",
           .help = "The local service: a name or an address",
           .to = &o.local_addr},
          {.name = "local-port",
           .in = in,
           .value = "PORT",
           .help = "The local service's port",
           .detail = "The default is Ollama's.",
           .may_be_zero = false,
           .to = &o.local_port},
          {.name = "no-link", .in = in, .help = "Speak the public protocol only", .to = &o.no_link},
          {.name = "max-streams",
           .in = in,
           .value = "N",
           .help = "Most streams at once",
           .detail = "Each takes two sockets at most: fewer when the limit on open files is low.",
           .may_be_zero = false,
           .to = &o.max_streams},
          {.name = "link-streams",
           .in = in,
           .value = "N",
           .help = "Of them, most on one link",
           .detail = "There is a link to each worker of the server. Further streams have a "
                     "connection each. At most 1024.",
           .may_be_zero = false,
           .to = &o.link_streams},
          {.name = "max-associations",
           .in = in,
           .value = "N",
           .help = "Most visitors of udp services at once",
           .detail = "Each takes a socket: fewer when the limit on open files is low.",
           .may_be_zero = false,
           .to = &o.max_associations},
      });
  frpc_deadlines& d = o.deadlines;
  const auto add = [&](std::string_view name, std::string_view help, milliseconds* to) {
    table.push_back(
        {.name = name, .in = in, .value = "TIME", .help = help, .may_be_zero = false, .to = to});
  };
  add("connect-timeout", "Wait for a connection to the server, name look-up included", &d.connect);
  add("login-timeout", "Wait for the server's answers to login and registration", &d.login);
  add("local-connect-timeout", "Wait for a connection to the local service", &d.local_connect);
  add("models-timeout", "Wait for the local service's list of models", &d.models);
  add("udp-idle", "Wait for the next datagram before a udp visitor is forgotten", &d.udp_idle);
  table.push_back({.name = "drain-timeout",
                   .in = in,
                   .value = "TIME",
                   .help = "Wait for what still runs at shutdown",
                   .detail =
                       "After SIGTERM or SIGINT; what has not ended by then is cut. 0 cuts at "
                       "once.",
                   .to = &d.drain});
}

void add_balancing(option_table& table, frpc_options& o) {
  constexpr auto in = group::balancing;
  table.insert(
      table.end(),
      {
          {.name = "weight",
           .in = in,
           .value = "N",
           .help = "This client's share of the work, 1 to 100",
           .detail = "One of weight 3 gets three times the requests of one of weight 1.",
           .may_be_zero = false,
           .to = &o.weight},
          {.name = "max-inflight",
           .in = in,
           .value = "N",
           .help = "Most requests that the server gives it at once; 0: any number",
           .detail = "When all clients are full, requests wait at the server.",
           .to = &o.max_inflight},
          {.name = "models-interval",
           .in = in,
           .value = "TIME",
           .help = "How often the local service is asked for its models",
           .detail = "A change is reported at once.",
           .may_be_zero = false,
           .to = &o.models_interval},
          {.name = "health-path",
           .in = in,
           .value = "PATH",
           .help = "Path of the local service that tells its health",
           .detail = "After two bad answers (400 and above, or none) in a row the server sets this "
                     "client aside until the next good one. Without it, the requests tell.",
           .default_text = "none",
           .to = &o.health_path},
          {.name = "health-interval",
           .in = in,
           .value = "TIME",
           .help = "How often it is asked",
           .may_be_zero = false,
           .to = &o.health_interval},
      });
}

}  // namespace

option_table table_of(frpc_options& o) {
  option_table table;
  add_network(table, o);
  add_balancing(table, o);
  table.insert(
      table.end(),
      {
          {.name = "email",
           .in = group::security,
           .value = "ADDRESS",
           .help = "The user to log in as",
           .default_text = "asked for",
           .to = &o.email},
          {.name = "password",
           .in = group::security,
           .value = "PASSWORD",
           .help = "The user's password; FRPX_PASSWORD hides it",
           .detail = "On the command line every user of the machine can see it; in the "
                     "environment, in a file, "
                     "or asked for on the terminal, it is hidden.",
           .default_text = "asked for",
           .to = &o.password},
          {.name = "token-file",
           .in = group::security,
           .value = "FILE",
           .help = "Where the token of the last login is kept, mode 0600",
           .detail = "It remembers server and e-mail and is not sent to another server.",
           .to = &o.token_file},
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
          {.name = "client-id",
           .letter = "c",
           .in = group::general,
           .value = "ID",
           .help = "The name of this client at the server",
           .detail = "1 to 128 of `A-Za-z0-9._:-`, one live client each.",
           .default_text = "the machine id",
           .to = &o.client_id},
          {.name = "data-dir",
           .in = group::general,
           .value = "DIR",
           .help = "Folder for a generated machine id",
           .detail =
               "`/var/lib/frpx` as root, else `$XDG_STATE_HOME/frpx`, else `~/.local/state/frpx`.",
           .default_text = "the user's state folder",
           .to = &o.data_dir},
      });
  return table;
}

}  // namespace frpx::config
