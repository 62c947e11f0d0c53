// What can go wrong with a shared cache.
#pragma once

#include "core/result.hpp"

namespace frpx::cache {

enum class errc {
  bad_url = 1,
  unavailable,
  untrusted,
  refused,
  malformed,
};

constexpr const char* explain(errc value) {
  switch (value) {
    case errc::bad_url:
      return "a Redis URL is redis://user:password@host:port/number, or rediss:// for TLS";
    case errc::unavailable:
      return "Redis cannot be asked";
    case errc::untrusted:
      return "Redis' certificate is not to be trusted";
    case errc::refused:
      return "Redis refuses the user, the password, the database or the command";
    case errc::malformed:
      return "Redis' answer makes no sense";
  }
  return "unknown";
}

inline error_code make_error_code(errc value) {
  return error_of<errc, explain>("cache", value);
}

}  // namespace frpx::cache

template <>
struct boost::system::is_error_code_enum<frpx::cache::errc> : std::true_type {};
