// One visitor's connection to the public port.
#pragma once

#include <boost/asio/awaitable.hpp>

#include <optional>
#include <string>

#include "gateway/gateway.hpp"
#include "gateway/refusal.hpp"
#include "http/head.hpp"
#include "net/admission.hpp"
#include "net/buffer.hpp"
#include "net/listener.hpp"
#include "net/turn_budget.hpp"
#include "net/wakeup.hpp"

namespace frpx::gateway {

/// Serves a visitor until it leaves, request by request; ends with the worker's task group. Between
/// two requests it holds this object and nothing else: no buffer, no exchange.
///
/// HTTP/2 is found by its first bytes. Where TLS will have chosen it (ALPN), they are the same.
boost::asio::awaitable<void> serve_visitor(desk& at, net::accepted one,
                                           net::admission::ticket ticket);

/// Who a visitor is, as far as its connection tells.
struct origin {
  std::string address;   ///< Without port and brackets.
  bool trusted = false;  ///< A proxy of ours (--trusted-proxies).
  bool h2 = false;       ///< It speaks HTTP/2.
};

/// The connection itself, which the exchanges of its requests use in turn; or one stream of a
/// connection that speaks HTTP/2, which is a connection with one request to all that follows.
class visitor {
 public:
  visitor(desk& with, std::unique_ptr<net::stream> over, origin from, net::admission::ticket ticket,
          net::placement on_worker);
  ~visitor();

  boost::asio::awaitable<void> run();

  /// Writes an answer of our own, whole, within the deadline for a stalled visitor; false when the
  /// visitor is gone.
  boost::asio::awaitable<bool> say(std::string text);
  /// The visitor is to read what was said last before the connection goes: a reset would take it.
  boost::asio::awaitable<void> linger();

  desk& at;
  const origin who;
  net::wakeup bell;
  net::stream_watch watch;
  net::alarm alarm;
  std::unique_ptr<net::stream> connection;
  net::buffer in;                               ///< What was read and is not used yet.
  std::optional<net::admission::ticket> place;  ///< Until a relay takes it over.
  net::placement placed;                        ///< Likewise.

  visitor* next = nullptr;  ///< In the desk's list.
  visitor* previous = nullptr;

 private:
  boost::asio::awaitable<std::optional<std::size_t>> read_head();
  boost::asio::awaitable<void> refuse(refusal why);
  boost::asio::awaitable<void> serve_h2();  // visitor_h2.cpp

  net::turn_budget requests_;
  bool served_ = false;  // a request before this one
};

}  // namespace frpx::gateway
