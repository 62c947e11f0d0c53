// What happens, told as it happens.
#pragma once

#include <boost/asio/awaitable.hpp>

#include <cstdint>
#include <list>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "api/login_book.hpp"
#include "core/clock.hpp"
#include "core/json_writer.hpp"
#include "http/message.hpp"
#include "net/timers.hpp"

namespace frpx::api {

/// Tells events to whoever listens at `GET /api/events`, as server-sent events
/// (https://html.spec.whatwg.org/multipage/server-sent-events.html): each with an id that counts
/// up, a type, and JSON.
///
/// The last ones are kept, so that a listener that lost its connection goes on where it stood. One
/// that reads so slowly that events were dropped before it had them is told `lag` and goes on with
/// the oldest. Nothing waits for a listener, and their number is bounded.
///
/// Home worker; it outlives its listeners.
class event_log {
 public:
  static constexpr std::size_t most_kept = 1024;
  static constexpr std::size_t most_listeners = 64;

  /// Ids go on from `now` in microseconds: so a listener of a server that was started anew does not
  /// take another event for one that it knows. A listener hears something after `silence` at the
  /// latest, so that a dead connection is found out.
  explicit event_log(net::timers& clock, wall_time now = wall_clock::now(),
                     steady_clock::duration silence = std::chrono::seconds(15));
  ~event_log();

  /// An event: `write_fields` gets a json_writer and adds members to the event's object.
  template <class F>
  void tell(std::string_view type, F&& write_fields) {
    std::string data;
    json_writer json(data);
    json.begin_object().member("at", to_rfc3339(wall_clock::now())).member("type", type);
    write_fields(json);
    json.end_object();
    keep(type, data);
  }
  void tell(std::string_view type) {
    tell(type, [](json_writer&) {});
  }

  /// Everything from now on, or what followed the event with that id as far as it is kept; no
  /// longer than the login `by`, if it is not null. Null when there are too many listeners.
  std::unique_ptr<http::body_source> listen(std::optional<std::uint64_t> after,
                                            login_book::login* by = nullptr);
  /// Listeners hear what was told so far, and no more.
  void end();

  std::size_t listeners() const { return listeners_.size(); }

 private:
  class listener;

  void keep(std::string_view type, std::string_view data);
  std::uint64_t oldest() const { return next_ - kept_; }

  net::timers& clock_;
  const steady_clock::duration silence_;
  std::uint64_t next_;  // the id of the next event
  std::size_t kept_ = 0;
  std::vector<std::string> ring_;  // the event `id` stands at `id % most_kept`
  std::list<listener*> listeners_;
  bool ended_ = false;
};

/// `GET /api/events`; `Last-Event-ID` says what is known already. It ends with the login by which
/// it was let in. 503: too many listen.
http::response listen_to_events(event_log& events, login_book& logins, const http::request& asked);

}  // namespace frpx::api
