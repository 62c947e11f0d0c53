// Which client an exchange asks: what decides on it is read, and a place waited for.
#include <algorithm>

#include "gateway/exchange.hpp"
#include "gateway/visitor.hpp"

namespace frpx::gateway {

namespace asio = boost::asio;

namespace {

// How often who waits looks for itself: nobody tells that the last client has gone, that a tunnel
// has ended, or that the pause of a client that failed is over.
constexpr auto look_again = std::chrono::seconds(1);

// So many services may say that they do not serve now before the visitor hears it.
constexpr int most_declines = 3;

}  // namespace

// False: nobody has the model, and such requests are refused.
bool exchange::begin_choice() {
  choice_wish wish{.clients = &key_->limits.clients, .stick_to = stick_to_};
  const auto* named = head_.fields.find(http::field_id::client_id);
  if (named != nullptr) wish.client_id = named->value;
  wish.model = model_name();
  const auto& among = at_.clients.current(at_.on);
  if (!wish.model.empty() && among->with_model(wish.model) == nullptr) {
    at_.unserved.note(wish.model, wall_clock::now());
  }
  return choice_.begin(among, wish);
}

// A place at a client, in place_; waited for when all are full.
asio::awaitable<exchange::seeking> exchange::seek_client() {
  if (key_has_ended_) co_return seeking::key_ended;
  switch (choice_.next(place_)) {
    case choice::answer::chosen:
      co_return seeking::found;
    case choice::answer::nobody:
      co_return seeking::nobody;
    case choice::answer::full:
      break;
  }
  const auto how = co_await wait_for_place();
  if (how == seeking::found) give_up_ = steady_clock::now() + at_.how.stream_total;
  co_return how;
}

asio::awaitable<exchange::seeking> exchange::wait_for_place() {
  const steady_time began = steady_clock::now();
  const steady_time until = began + at_.how.longest_wait;
  steady_time next_look = began + look_again;
  const auto tried = choice_.tried();
  waiting_room::seat seat(at_.room, at_.on, from_->bell, choice_.to_wait_for(), key_->id,
                          {tried.begin(), tried.end()}, key_->limits.clients);
  for (;;) {
    place_ = seat.take();
    if (place_) {
      choice_.took(*place_.client());
      co_return seeking::found;
    }
    if (seat.refused()) co_return seeking::full;
    if (has_left() || bad_request_) co_return seeking::interrupted;
    if (key_has_ended_) co_return seeking::key_ended;
    const steady_time now = steady_clock::now();
    if (now >= until) co_return seeking::full;
    if (now >= next_look) {
      const auto again = choice_.next(place_);
      if (again == choice::answer::chosen) co_return seeking::found;
      if (again == choice::answer::nobody) co_return seeking::nobody;
      next_look = now + look_again;
    }
    from_->alarm.set_in(std::min(until, next_look) - now);
    co_await from_->bell.wait();
  }
}

failed_try exchange::failed_how(outcome what) const {
  const bool enough = what == outcome::unavailable && declines_ + 1 >= most_declines;
  return {.what = what,
          .data_sent = any_sent_,
          .repeatable = repeatable_,
          .held = !dropped_,
          .answer_begun = final_given_,
          .another_left = !enough && steady_clock::now() < give_up_ && choice_.has_more()};
}

// What the failure says of the client's local service; one that is busy or drains is well, and so
// is one that answers.
void exchange::note_failure() {
  if (*failure_ == outcome::busy || !client_->alive) return;
  if (*failure_ == outcome::unavailable) return client_->health.succeeded();
  const bool refused = *failure_ == outcome::refused || *failure_ == outcome::dial_too_late;
  client_->health.failed(refused, steady_clock::now(), at_.how.choosing.health);
}

// The service does not serve now; of those that said so, the one that wants to be asked again
// soonest speaks for all.
void exchange::keep_declined() {
  ++declines_;
  const auto never = std::chrono::seconds::max();
  const auto when = response_.retry_after();
  if (declined_ && when.value_or(never) > declined_->retry_after.value_or(never)) return;
  (*stream_)->watch(nullptr);
  declined_.emplace(client_, std::move(stream_), std::string(as_text(answer_in_.bytes())), when,
                    request_.complete() && sent_ == out_.size());
}

// Nobody serves it: the answer of a service that declined is the visitor's.
asio::awaitable<exchange::after> exchange::pass_declined() {
  client_ = std::move(declined_->client);
  stream_ = std::move(declined_->stream);
  if (!at_.how.hides_clients) fields_.name_client(client_->facts().client_id);
  response_.start(head_, keeps_visitor(), fields_.of_answer());
  failure_.reset();
  sign_.reset();  // that is of the client that was tried last
  answer_held_.clear();
  settling_ = settling::no;
  service_refuses_ = true;  // nothing more of the request is for it
  heard_ = true;
  sent_ = declined_->got_all ? out_.size() : 0;
  answer_in_.clear();
  answer_in_.append(as_bytes(declined_->begin));
  pass_answer(answer_in_.bytes());
  const ending how = co_await converse();
  if (how == ending::failed && !final_given_) co_return co_await answer(502);
  co_return co_await conclude(how);
}

}  // namespace frpx::gateway
