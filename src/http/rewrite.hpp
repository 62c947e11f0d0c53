// Heads as they are passed on: written anew, never copied through.
#pragma once

#include <cstddef>
#include <span>
#include <string_view>

#include "core/result.hpp"
#include "http/head.hpp"

namespace frpx::http {

/// What the gateway knows of a request beside its head. The views live as long as the call.
struct request_rules {
  std::string_view visitor_address;  ///< Without port and brackets; for X-Forwarded-For.
  bool visitor_uses_tls = false;     ///< For X-Forwarded-Proto.
  bool visitor_uses_h2 = false;      ///< For Via: the head was made of one of HTTP/2.
  bool visitor_is_trusted = false;   ///< A proxy whose X-Forwarded-* and Forwarded are believed.
  bool keep_authorization = false;   ///< Pass Authorization on; else it is our key and is dropped.
  bool keep_upgrade = true;          ///< Pass the wish for a WebSocket on.
  /// Host for the local service; empty: the visitor's. An Origin that is the visitor's Host becomes
  /// this one, so that a page of the same site stays one.
  std::string_view host;
  /// Written last, with their ids; the visitor's fields of these names go.
  std::span<const field> extra;
};

/// Writes the head for the local service: one canonical form of the framing, the hop-by-hop fields
/// and those that Connection lists removed (RFC 9110, 7.6.1), `client_id`, every field that may
/// hold the visitor's API key and those that override the method or target removed, Via appended,
/// X-Forwarded-For, -Proto, -Host and Forwarded (RFC 7239) written: in the place of what an
/// untrusted visitor sent, behind what a trusted one did. Names with `_` that a service might take
/// for one of these are removed. Returns the bytes written, or errc::no_room.
result<std::size_t> write_request_head(const request_head& head, const request_rules& rules,
                                       std::span<char> out);

/// What the visitor is told of the connection and the body.
struct response_rules {
  framing body;            ///< As the visitor will get it; until_close means close.
  bool head_only = false;  ///< An answer to HEAD or a 304: Content-Length may stand, no body.
  bool keep_alive = false;
  bool visitor_speaks_1_0 = false;  ///< Keep-alive must be said aloud.
  /// Written last, with their ids; the service's fields of these names go.
  std::span<const field> extra;
};

/// Writes a final head for the visitor, with Via appended. Returns the bytes written, or
/// errc::no_room.
result<std::size_t> write_response_head(const response_head& head, const response_rules& rules,
                                        std::span<char> out);

/// Writes an interim head (100 to 199) for the visitor. 101 keeps Upgrade and Connection.
result<std::size_t> write_interim_head(const response_head& head, std::span<char> out);

}  // namespace frpx::http
