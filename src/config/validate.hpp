// Is this configuration one that can work?
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "config/options.hpp"

namespace frpx::config {

/// Which schemes of `--database-url` and `--redis-url` this program can serve.
struct backends {
  std::vector<std::string_view> databases = {"sqlite", "memory", "postgres", "postgresql"};
  std::vector<std::string_view> caches = {"redis", "rediss"};
};

/// Where each option's value came from, by the option's name: `frps.toml:3`, `--bind`,
/// `FRPX_BIND`. What is missing is a default.
using origins = std::map<std::string, std::string, std::less<>>;

/// All problems at once, none if empty. A line says what is wrong, where it was said, and what to
/// do instead; secrets do not appear.
std::vector<std::string> validate(const frps_options& options, const origins& from,
                                  const backends& built_in);
/// The same for a command that only asks the API of a running server.
std::vector<std::string> validate_api(const frps_options& options, const origins& from);
std::vector<std::string> validate(const frpc_options& options, const origins& from);
std::vector<std::string> validate(const keeper_options& options, const origins& from,
                                  const backends& built_in);

/// Where `--listen` says: `ADDRESS:PORT` or, on loopback, `PORT`. Nothing for any other text.
struct listen_place {
  std::string address;
  std::uint16_t port = 0;
  bool is_loopback = true;
};
std::optional<listen_place> parse_listen(std::string_view text);

}  // namespace frpx::config
