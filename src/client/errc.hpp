// What ends a client's try to serve.
#pragma once

#include "core/result.hpp"

namespace frpx::client {

enum class errc {
  server_ended = 1,
  server_silent,
  token_refused,
  credentials_refused,
  no_credentials,
  login_refused,
  role_refused,
  id_in_use,
  registration_refused,
  token_file_too_large,
  token_file_not_json,
  token_file_without_token,
  token_file_not_a_file,
  too_many_unsent,
  no_answer,
  port_not_allowed,
  port_occupied,
  token_needed,
};

constexpr const char* explain(errc e) {
  switch (e) {
    case errc::server_ended:
      return "the server has closed the connection";
    case errc::server_silent:
      return "the server does not answer";
    case errc::token_refused:
      return "the server refused the token";
    case errc::credentials_refused:
      return "the server refused e-mail and password";
    case errc::no_credentials:
      return "neither a token nor e-mail and password are known";
    case errc::login_refused:
      return "the server cannot log anyone in now";
    case errc::role_refused:
      return "the server lets this user connect no clients";
    case errc::id_in_use:
      return "another client with this id is connected";
    case errc::registration_refused:
      return "the server refused the registration";
    case errc::token_file_too_large:
      return "the token file is larger than a token can be";
    case errc::token_file_not_json:
      return "the token file does not hold a JSON object";
    case errc::token_file_without_token:
      return "the token file holds no usable token";
    case errc::token_file_not_a_file:
      return "the token file is not a regular file";
    case errc::too_many_unsent:
      return "the server does not read what it is sent";
    case errc::no_answer:
      return "what the server said is no answer to the question";
    case errc::port_not_allowed:
      return "the server does not give this outer port, or not with this token";
    case errc::port_occupied:
      return "the outer port is taken";
    case errc::token_needed:
      return "the server tells its ports and services only with its token";
  }
  return "unknown error of the client";
}

inline error_code make_error_code(errc e) {
  return error_of<errc, explain>("client", e);
}

}  // namespace frpx::client

template <>
struct boost::system::is_error_code_enum<frpx::client::errc> : std::true_type {};
