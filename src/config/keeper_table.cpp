#include "config/option.hpp"

namespace frpx::config {
namespace {

void add_network(option_table& table, keeper_options& o) {
  constexpr auto in = group::network;
  table.insert(
      table.end(),
      {
          {.name = "listen",
           .in = in,
           .value = "ADDRESS:PORT",
           .help = "Where frps asks; not loopback needs --api-token",
           .detail = "A port alone is one of loopback; port 0 lets the system choose.",
           .also = "PORT",
           .to = &o.listen},
          {.name = "path",
           .in = in,
           .value = "PATH",
           .help = "What the frps configuration calls `path`",
           .to = &o.path},
          {.name = "allow-ports",
           .in = in,
           .value = "RANGES",
           .help = "Ports to give, like 6000-7000,10022, in this order",
           .detail = "Without it the frps configuration says (see `--frps-config`); if that says "
                     "nothing, it is 1024-65535.",
           .default_text = "as frps is configured",
           .also = "ALLOW_PORTS",
           .to = &o.allow_ports},
          {.name = "frps-config",
           .in = in,
           .value = "FILE",
           .help = "The frps configuration that names the ports",
           .detail = "`allowPorts` in TOML, YAML or JSON, `allow_ports` in INI, by the file's "
                     "ending. Also `FRPS_INI_PATH`.",
           .default_text = "frps.toml, frps.yaml or frps.ini in the working directory",
           .also = "FRPS_CONFIG_PATH",
           .to = &o.frps_config},
          {.name = "share-tcp-udp",
           .in = in,
           .help = "Let a tcp and a udp proxy hold the same number",
           .to = &o.share_tcp_udp},
          {.name = "strict",
           .in = in,
           .help = "Reject a new proxy whose wished port it cannot have",
           .to = &o.strict},
          {.name = "probe",
           .in = in,
           .help = "Skip ports that something else on this machine holds",
           .detail = "Looked at before a port is given for the first time, and before an unused "
                     "lease is freed.",
           .to = &o.probe},
          {.name = "max-leases",
           .in = in,
           .value = "N",
           .help = "Most leases of one user; 0 any number",
           .detail = "A user who has them gets no new one; those they have stay. Proxies without a "
                     "user (--allow-no-user) count as those of one user.",
           .to = &o.max_leases},
          {.name = "expire-after",
           .in = in,
           .value = "TIME",
           .help = "Free leases unused for that long, like 90d; 0 never",
           .detail = "Register the operations `CloseProxy` and `Ping` too, so that a proxy that "
                     "stays open for long counts as used.",
           .to = &o.expire_after},
          {.name = "drain-timeout",
           .in = in,
           .value = "TIME",
           .help = "Wait for requests that still run at shutdown",
           .to = &o.drain},
      });
}

}  // namespace

option_table table_of(keeper_options& o) {
  option_table table;
  add_network(table, o);
  table.insert(
      table.end(),
      {
          {.name = "database-url",
           .in = group::database,
           .value = "URL",
           .help = "Where leases are kept",
           .detail = "`sqlite:PATH`, or `postgres://...` for several keepers.",
           .default_text = "SQLite: keeper.db in the data folder",
           .also = "DATABASE_URL",
           .to = &o.database_url},
          {.name = "db-path",
           .in = group::database,
           .value = "FILE.json",
           .help = "The public keeper's file, read if there are no leases yet",
           .detail =
               "It is left as it is. Unless `--database-url` is given, leases are kept beside "
               "it, in `frp-port-keeper.db`. A folder `gokv` of the older version is read from "
               "the working directory.",
           .default_text = "none",
           .also = "DB_PATH",
           .to = &o.db_path},
          {.name = "data-dir",
           .in = group::database,
           .value = "DIR",
           .help = "Folder for what lasts; made with mode 0700",
           .detail = "A folder that every user of the machine may write to is refused; the log "
                     "warns of one that a group may write to.",
           .default_text = "the user's state folder",
           .to = &o.data_dir},
          {.name = "api-token",
           .in = group::security,
           .value = "TOKEN",
           .help = "What /leases asks for as bearer token",
           .default_text = "none",
           .to = &o.api_token},
          {.name = "allow-no-user",
           .in = group::security,
           .help = "Accept clients that say no user",
           .detail =
               "Their proxies' names have no prefix, so two clients may ask for the same one.",
           .to = &o.allow_no_user},
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
          {.name = "ready-file",
           .in = group::general,
           .value = "FILE",
           .help = "Written with the port as JSON when it listens",
           .detail = "`{\"port\":N}`, replaced atomically.",
           .default_text = "none",
           .to = &o.ready_file},
      });
  return table;
}

}  // namespace frpx::config
