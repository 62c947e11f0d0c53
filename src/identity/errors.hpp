// Why someone may not come in.
#pragma once

#include "core/result.hpp"

namespace frpx::identity {

enum class errc {
  wrong_credentials = 1,
  invalid_token,
  throttled,
  bad_password,
  bad_secret_file,
  failed,
  role_refused,
  client_of_another,
};

constexpr const char* explain(errc value) {
  switch (value) {
    case errc::wrong_credentials:
      return "the e-mail address or the password is wrong";
    case errc::invalid_token:
      return "the token is invalid, expired or revoked";
    case errc::throttled:
      return "too many wrong tries, wait before the next";
    case errc::bad_password:
      return "a password has 1 to 256 bytes";
    case errc::bad_secret_file:
      return "the token secret's file cannot be read or made";
    case errc::failed:
      return "the system has no memory or no randomness left";
    case errc::role_refused:
      return "the user's role does not allow it";
    case errc::client_of_another:
      return "the client id belongs to another user";
  }
  return "unknown";
}

inline error_code make_error_code(errc value) {
  return error_of<errc, explain>("identity", value);
}

}  // namespace frpx::identity

template <>
struct boost::system::is_error_code_enum<frpx::identity::errc> : std::true_type {};
