#include "api/event_log.hpp"

#include <algorithm>
#include <charconv>
#include <utility>

#include "http/guard.hpp"

namespace frpx::api {
namespace {

std::uint64_t microseconds(wall_time when) {
  const auto since = when.time_since_epoch();
  return static_cast<std::uint64_t>(
      std::chrono::duration_cast<std::chrono::microseconds>(since).count());
}

std::optional<std::uint64_t> parse_id(std::string_view text) {
  std::uint64_t id = 0;
  const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), id);
  if (failed != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return id;
}

}  // namespace

/// One connection's place in the log. It ends with its response.
class event_log::listener final : public http::body_source,
                                  private net::deadline,
                                  private login_book::follower {
 public:
  listener(event_log& of, login_book::login* by, std::uint64_t from, bool lags)
      : deadline(of.clock_),
        follower(by),
        of_(of),
        next_(from),
        lags_(lags),
        place_(of.listeners_.insert(of.listeners_.end(), this)) {
    set_in(of_.silence_);
  }
  ~listener() { of_.listeners_.erase(place_); }

  void hear() { ready(); }

  state produce(std::string& into) override {
    if (ended_) return state::ended;
    if (std::exchange(silent_, false)) into += ": \n\n";
    if (next_ < of_.oldest()) {
      next_ = of_.oldest();
      lags_ = true;
    }
    if (std::exchange(lags_, false)) {
      into += "event: lag\ndata: {\"at\":\"" + to_rfc3339(wall_clock::now()) +
              "\",\"type\":\"lag\"}\n\n";
    }
    const std::size_t full = into.size() + piece_size;
    while (next_ < of_.next_ && into.size() < full) into += of_.ring_[next_++ % most_kept];
    set_in(of_.silence_);
    if (next_ < of_.next_) return state::more;
    return of_.ended_ ? state::ended : state::blocked;
  }

 private:
  void expired() override {
    silent_ = true;
    set_in(of_.silence_);
    ready();
  }

  void login_ended() override {
    ended_ = true;
    ready();
  }

  event_log& of_;
  std::uint64_t next_;
  bool lags_;
  bool silent_ = false;  // for so long that a word is due
  bool ended_ = false;   // its login has
  const std::list<listener*>::iterator place_;
};

event_log::event_log(net::timers& clock, wall_time now, steady_clock::duration silence)
    : clock_(clock), silence_(silence), next_(microseconds(now)), ring_(most_kept) {}

event_log::~event_log() = default;

void event_log::keep(std::string_view type, std::string_view data) {
  std::string& place = ring_[next_ % most_kept];
  place = "id: " + std::to_string(next_) + "\nevent: ";
  place.append(type).append("\ndata: ").append(data).append("\n\n");
  ++next_;
  kept_ = std::min(kept_ + 1, most_kept);
  for (listener* const each : listeners_) each->hear();
}

std::unique_ptr<http::body_source> event_log::listen(std::optional<std::uint64_t> after,
                                                     login_book::login* by) {
  if (listeners_.size() >= most_listeners) return nullptr;
  if (!after) return std::make_unique<listener>(*this, by, next_, false);
  // An id that was never given is of another run of the server.
  const bool is_known = *after + 1 >= oldest() && *after < next_;
  return std::make_unique<listener>(*this, by, is_known ? *after + 1 : oldest(), !is_known);
}

void event_log::end() {
  ended_ = true;
  for (listener* const each : listeners_) each->hear();
}

http::response listen_to_events(event_log& events, login_book& logins, const http::request& asked) {
  std::optional<std::uint64_t> after;
  if (const http::field* last = asked.head->fields.find("Last-Event-ID")) {
    after = parse_id(last->value);
    if (!after) return http::refusal(400, "`Last-Event-ID` must be the id of an event");
  }
  http::response answer;
  answer.source =
      events.listen(after, logins.find(http::bearer_token(*asked.head), wall_clock::now()));
  if (!answer.source) return http::refusal(503, "Too many listen to the events already");
  answer.content_type = "text/event-stream";
  answer.headers.push_back({"Cache-Control", "no-store"});
  return answer;
}

}  // namespace frpx::api
