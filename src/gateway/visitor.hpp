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
                                           net::admission::ticket ticket,
                                           net::task_group::task self);

/// Who a visitor is, as far as its connection tells.
struct origin {
  std::string address;   ///< Without port and brackets.
  bool trusted = false;  ///< A proxy of ours (--trusted-proxies).
  bool h2 = false;       ///< It speaks HTTP/2.
};

class leaving_at_end;

/// Hears of the downstream's connection: wakes the coroutine that serves it, and cancels that when
/// the connection breaks, wherever it waits, for nobody is left to be served.
///
/// The end of its direction is not the same: what that means depends on the request at hand, which
/// is asked while it waits for something else (`leaving_at_end`).
class downstream_watch final : public net::stream::watcher, private net::poller::task {
 public:
  downstream_watch(net::poller& events, net::wakeup& bell, net::task_group::task self)
      : events_(events), bell_(bell), self_(self) {}

  void on_ready(net::stream::readiness what) override;
  /// It has ended its direction, whether or not that has been read.
  bool ended() const { return ended_; }

 private:
  friend class leaving_at_end;
  void run() override { cancel_if_left(); }
  bool cancel_if_left();

  net::poller& events_;
  net::wakeup& bell_;
  net::task_group::task self_;
  bool ended_ = false;
  leaving_at_end* asked_ = nullptr;
};

/// While this stands, the coroutine is cancelled once the downstream has ended its direction, if
/// `judge` says that it has left with that; also if it had ended before. The loop does so, later.
class leaving_at_end {
 public:
  class judge {
   public:
    /// Called from the loop.
    virtual bool has_left() = 0;

   protected:
    ~judge() = default;
  };

  leaving_at_end(downstream_watch& of, judge& by);
  leaving_at_end(const leaving_at_end&) = delete;
  leaving_at_end& operator=(const leaving_at_end&) = delete;
  ~leaving_at_end() { of_.asked_ = nullptr; }

 private:
  friend class downstream_watch;
  downstream_watch& of_;
  judge& by_;
};

/// The connection itself, which the exchanges of its requests use in turn; or one stream of a
/// connection that speaks HTTP/2, which is a connection with one request to all that follows.
class visitor {
 public:
  visitor(desk& with, std::unique_ptr<net::stream> over, origin from, net::admission::ticket ticket,
          net::placement on_worker, net::task_group::task self);
  ~visitor();

  boost::asio::awaitable<void> run();

  /// It has ended its direction, and that is leaving, unless a request is still to be read.
  bool has_ended() const { return watch.ended() && !at.how.half_close; }

  /// Writes an answer of our own, whole, within the deadline for a stalled visitor; false when the
  /// visitor is gone.
  boost::asio::awaitable<bool> say(std::string text);

  desk& at;
  const origin who;
  net::wakeup bell;
  downstream_watch watch;
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
