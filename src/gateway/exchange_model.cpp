// Which model an exchange asks for: its body is read and held until that is known.
#include "gateway/exchange.hpp"
#include "gateway/key_rules.hpp"
#include "gateway/visitor.hpp"

namespace frpx::gateway {

namespace asio = boost::asio;

// As far as it is known.
std::string_view exchange::model_name() const {
  return api_.model.empty() ? model_.name() : api_.model;
}

// A key with a list of models has its whole body read, so that nothing behind the model speaks of
// another one.
bool exchange::is_model_judged() const {
  return api_.names_model_in_body() && !key_->limits.models.empty();
}

// Whether the body's model decides on who may serve the request, so that without it nobody may.
bool exchange::needs_model() const {
  if (!api_.names_model_in_body()) return false;
  if (is_model_judged()) return true;
  const auto& now = at_.clients.current(at_.on);
  const auto* named = head_.fields.find(http::field_id::client_id);
  if (named != nullptr && now->by_client_id.contains(named->value)) return false;
  return now->differ_in_models(key_->limits.clients);
}

// Reads the body until what decides on its client is known or cannot be; what was read is sent
// later.
asio::awaitable<bool> exchange::read_model() {
  using finder = http::model_finder;
  model_.start(is_model_judged() ? finder::extent::whole : finder::extent::first,
               api_.path->model == llm::model_place::body_or_name ? finder::naming::model_or_name
                                                                  : finder::naming::model);
  model_body_.start(head_.body);
  if (head_.expects_continue && !co_await from_->say("HTTP/1.1 100 Continue\r\n\r\n")) {
    co_return false;
  }
  from_->alarm.set_in(at_.how.body_stall);
  while (reads_on() && !request_.complete() && may_hold_more()) {
    if (take_body()) {
      from_->alarm.set_in(at_.how.body_stall);
    } else if (bad_request_ || visitor_gone_ || key_has_ended_ || from_->alarm.rang()) {
      co_return false;
    } else {
      co_await from_->bell.wait();
    }
  }
  if (request_.complete()) model_.finish();
  if (prompt_) stick_to_ = prompt_->value();
  // What had to be read for its model may be sent twice, as long as that costs nobody anything.
  if (out_.size() > held_most_ && held_most_ != 0 && at_.held.has_plenty()) {
    held_most_ = out_.size();
  }
  co_return true;
}

bool exchange::reads_on() const {
  return model_.now() == http::model_finder::state::reading || (prompt_ && !prompt_->done());
}

// Whether another read may go behind what is held of the body already.
bool exchange::may_hold_more() {
  const bool for_model = needs_model_ && model_.now() == http::model_finder::state::reading;
  if (request_.body_size() > (for_model ? at_.how.most_model_body : at_.how.held_model_body)) {
    return false;
  }
  no_room_ = !held_.try_resize(counted(out_.memory_for(body_room)));
  if (no_room_ && !for_model) held_most_ = 0;
  return !no_room_;
}

// Judges the model that was read, or that none could be.
refusal exchange::judge_body() const {
  // Clients that came while it was read may have other models.
  if (!needs_model_ && !needs_model()) return {};
  const bool reading = model_.now() == http::model_finder::state::reading;
  if (reading && no_room_) {
    return {503, "Too many large requests at once, try again later", "overloaded",
            std::chrono::seconds(2)};
  }
  // A last read may have gone beyond the limit and to the end.
  if (reading || (is_model_judged() && request_.body_size() > at_.how.most_model_body)) {
    return {413, "The body is too large: its model must be known before it is passed on",
            "request_too_large"};
  }
  if (is_model_judged()) return judge_model(model_, *key_);
  if (model_.now() == http::model_finder::state::found) return {};
  return {400, "The body must be JSON that names a model: which one decides who serves it",
          "model_missing"};
}

}  // namespace frpx::gateway
