// Where a Redis server is and who we are there.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "cache/errc.hpp"
#include "core/secret.hpp"

namespace frpx::cache {

struct redis_url {
  bool tls = false;
  std::string host;  ///< A name or an address, without brackets.
  std::uint16_t port = 6379;
  std::string user;  ///< Empty: the default one.
  secret password;   ///< Empty: none.
  std::uint32_t database = 0;
};

/// `redis://[[user]:password@]host[:port][/number]`, `rediss://` for TLS. Error: bad_url.
result<redis_url> parse_redis_url(std::string_view text);

}  // namespace frpx::cache
