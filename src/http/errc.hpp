// What can be wrong with an HTTP message, and the status that answers it.
#pragma once

#include "core/result.hpp"

namespace frpx::http {

enum class errc {
  // a head's lines
  bad_request_line = 1,
  bad_method,
  bad_target,
  bad_status_line,
  unknown_version,
  bad_field_name,
  space_before_colon,
  bad_field_value,
  folded_line,
  bare_line_feed,
  bare_carriage_return,
  // a head's meaning
  bad_host,
  missing_host,
  repeated_host,
  bad_connection,
  bad_content_length,
  repeated_content_length,
  bad_transfer_encoding,
  transfer_encoding_in_1_0,
  length_and_chunked,
  connect_refused,
  unknown_expectation,
  // limits
  head_too_large,
  too_many_fields,
  target_too_long,
  body_too_large,
  // a body
  bad_chunk,
  bad_trailer,
  cut_short,
  // an answer
  unasked_upgrade,
  too_many_interim,
  no_room,
};

constexpr const char* explain(errc e) {
  switch (e) {
    case errc::bad_request_line:
      return "the request line is not method, target and version";
    case errc::bad_method:
      return "the method is not a token of at most 32 characters";
    case errc::bad_target:
      return "the request target has no valid form for its method";
    case errc::bad_status_line:
      return "the status line is not version, status and reason";
    case errc::unknown_version:
      return "the version is neither HTTP/1.0 nor HTTP/1.1";
    case errc::bad_field_name:
      return "a field's name is empty or no token";
    case errc::space_before_colon:
      return "white space stands between a field's name and its colon";
    case errc::bad_field_value:
      return "a field's value has a control character";
    case errc::folded_line:
      return "a line of the head starts with white space";
    case errc::bare_line_feed:
      return "a line ends with LF without CR";
    case errc::bare_carriage_return:
      return "CR stands without LF";
    case errc::bad_host:
      return "the Host field is no host with an optional port";
    case errc::missing_host:
      return "a request of HTTP/1.1 lacks the Host field";
    case errc::repeated_host:
      return "the request has more than one Host field";
    case errc::bad_connection:
      return "the Connection field is no list of tokens";
    case errc::bad_content_length:
      return "Content-Length is not one decimal number in range";
    case errc::repeated_content_length:
      return "the message has more than one Content-Length";
    case errc::bad_transfer_encoding:
      return "Transfer-Encoding is not exactly one `chunked`";
    case errc::transfer_encoding_in_1_0:
      return "a message of HTTP/1.0 has Transfer-Encoding";
    case errc::length_and_chunked:
      return "the message has Content-Length and Transfer-Encoding";
    case errc::connect_refused:
      return "CONNECT is not served";
    case errc::unknown_expectation:
      return "Expect asks for something other than 100-continue";
    case errc::head_too_large:
      return "the head is longer than its limit";
    case errc::too_many_fields:
      return "the head has more fields than its limit";
    case errc::target_too_long:
      return "the request target is longer than its limit";
    case errc::body_too_large:
      return "the body is longer than its limit";
    case errc::bad_chunk:
      return "a chunk has no valid size, extension or end";
    case errc::bad_trailer:
      return "the trailer is malformed or longer than its limit";
    case errc::cut_short:
      return "the stream ended within a message";
    case errc::unasked_upgrade:
      return "the answer switches to a protocol that was not asked for";
    case errc::too_many_interim:
      return "the answer has more interim responses than its limit";
    case errc::no_room:
      return "the buffer is smaller than the head that must go into it";
  }
  return "unknown error of HTTP";
}

inline error_code make_error_code(errc e) {
  return error_of<errc, explain>("http", e);
}

/// The status that tells a visitor what its request had wrong: 400, 413, 414, 417, 431, 501 or 505;
/// 400 for errors of other rooms too. For what a local service answers it is always 502, and that
/// is the caller's knowledge.
int status_of(error_code e);

}  // namespace frpx::http

template <>
struct boost::system::is_error_code_enum<frpx::http::errc> : std::true_type {};
