// Heads of HTTP/1 messages, read strictly (RFC 9110, RFC 9112).
//
// One reader that takes a message for another than the next reader does is how requests are
// smuggled. So this parser knows one form of everything that frames a request and refuses the rest,
// where the RFC would let a recipient repair it. A response, which nobody but us reads before it is
// written anew, is repaired where the RFC asks a proxy to.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "core/result.hpp"
#include "http/errc.hpp"
#include "http/field.hpp"

namespace frpx::http {

struct head_limits {
  std::size_t head = 32 * 1024;   ///< Bytes of the whole head; beyond it 431.
  std::size_t fields = 100;       ///< At most field_table::capacity; beyond it 431.
  std::size_t target = 8 * 1024;  ///< Bytes of the request target; beyond it 414.
};

/// Where a head ends, found while its bytes dribble in.
///
/// The caller keeps the bytes and shows all of them each time; those seen before are not looked at
/// again. Lines that end with LF alone are refused here, at once. One per connection and direction.
class head_scanner {
 public:
  explicit head_scanner(head_limits limits = {}) : limits_(limits) {}

  /// `bytes` begins where the message begins; it may hold more than the head. Gives the size of the
  /// head with its empty line, or nothing while that has not come. One empty line before a request
  /// is let through and counted in (RFC 9112, 2.2).
  /// Errors: bare_line_feed, bad_method (the first byte begins no HTTP), target_too_long,
  /// head_too_large.
  result<std::optional<std::size_t>> scan_request(std::string_view bytes);
  result<std::optional<std::size_t>> scan_response(std::string_view bytes);

  /// Another message begins.
  void reset() { seen_ = line_ = lines_ = 0; }

  const head_limits& limits() const { return limits_; }

 private:
  result<std::optional<std::size_t>> scan(std::string_view bytes);

  head_limits limits_;
  std::size_t seen_ = 0;   // bytes already searched
  std::size_t line_ = 0;   // where the unfinished line begins
  std::size_t lines_ = 0;  // finished lines that were not empty
};

enum class http_version : std::uint8_t { http_1_0, http_1_1 };

/// How a message says where its body ends.
struct framing {
  enum class kind : std::uint8_t { none, length, chunked, until_close };
  kind how = kind::none;
  std::uint64_t length = 0;  ///< Bytes; with kind::length only, at most 2^63 - 1.

  bool operator==(const framing&) const = default;
};

/// What the Connection fields say.
struct connection_options {
  bool close = false;
  bool keep_alive = false;
  bool upgrade = false;
  bool others = false;  ///< Fields are listed that must not be passed on.
};

/// A request's head. All views are of the bytes given to parse_request and die with them.
struct request_head {
  std::string_view method;
  std::string_view target;     ///< As it came.
  std::string_view path;       ///< "/" at least, or "*"; without the query.
  std::string_view query;      ///< With its "?", or empty.
  std::string_view authority;  ///< From an absolute target, which wins, or from Host; may be empty.
  http_version version = http_version::http_1_1;
  framing body;
  connection_options connection;
  bool expects_continue = false;  ///< `Expect: 100-continue`, in HTTP/1.1.
  bool wants_websocket = false;   ///< GET of HTTP/1.1 without body that upgrades to websocket.
  field_table fields;

  /// The visitor means to send further requests.
  bool keep_alive() const {
    return version == http_version::http_1_1 ? !connection.close
                                             : connection.keep_alive && !connection.close;
  }
};

/// A response's head. All views are of the bytes given to parse_response and die with them.
struct response_head {
  int status = 0;           ///< 100 to 599.
  std::string_view reason;  ///< May be empty.
  http_version version = http_version::http_1_1;
  std::optional<std::uint64_t> content_length;
  bool chunked = false;
  connection_options connection;
  field_table fields;

  /// How the body is framed, which depends on whether HEAD was asked (RFC 9112, 6.3).
  framing body(bool answers_head) const;

  /// The service means to take further requests.
  bool keep_alive() const {
    return version == http_version::http_1_1 ? !connection.close
                                             : connection.keep_alive && !connection.close;
  }
};

/// A host name or address with a port or without, as the Host field may have it.
bool is_host(std::string_view text);

/// Parses a whole head, as long as the scanner said. `out` is overwritten; when an error is
/// returned its content has no meaning. Allocates nothing.
error_code parse_request(std::string_view head, const head_limits& limits, request_head& out);
error_code parse_response(std::string_view head, const head_limits& limits, response_head& out);

/// White space between a field's name and its colon (RFC 9112, 5.1): a request with it is refused,
/// a response is repaired.
enum class space_before_colon : bool { refused, removed };

/// Parses the lines of fields in `lines`, each with its CRLF, without the empty line at the end.
error_code parse_fields(std::string_view lines, std::size_t limit, space_before_colon space,
                        field_table& out);

/// Whether the Connection fields in `fields` list `name`.
bool is_listed(const field_table& fields, std::string_view name);

}  // namespace frpx::http
