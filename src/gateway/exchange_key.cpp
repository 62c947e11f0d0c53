// What an exchange owes to its key: the limits before it, the count behind it.
#include <algorithm>

#include "gateway/exchange.hpp"
#include "gateway/visitor.hpp"

namespace frpx::gateway {

// Takes the request's place among those of its key.
refusal exchange::enter_key() {
  if (!key_->meter) return {};
  const auto said = key_->meter->enter(key_->limits, steady_clock::now());
  if (!said.admitted) {
    return {429, "This key makes too many requests", "rate_limit_exceeded", said.retry_after};
  }
  key_place_ = identity::key_place(key_->meter);
  return {};
}

// Whichever wait the request stands in, it finds out when it is woken.
void exchange::key_ended() {
  key_has_ended_ = true;
  from_->bell.ring();
}

// Before the last bytes go: who has read the whole answer may ask again at once, on any worker.
void exchange::leave_places_if_complete() {
  if (!response_.complete() || response_.upgraded()) return;
  key_place_ = {};
  if (request_.complete()) place_.release();
}

void exchange::leave_places() {
  key_place_ = {};
  place_.release();
}

// The model as usage knows it: by the name that a client reported, so that a request cannot make
// names up, nor write one in many ways.
std::string_view exchange::usage_model() const {
  const std::string_view name = model_name();
  if (name.empty()) return {};
  const auto* reported = choice_.model();  // of the snapshot by which the client was chosen
  if (reported == nullptr) reported = at_.clients.current(at_.on)->with_model(name);
  return reported != nullptr ? std::string_view(reported->as_reported.id)
                             : usage_table::other_model;
}

exchange::usage_note::~usage_note() {
  const bool tried = of_.client_ != nullptr;
  const bool answered_here = of_.said_status_ != 0;
  const bool whole = answered_here || (tried && of_.response_.complete());
  const int status = answered_here ? of_.said_status_ : whole ? of_.response_.status() : 0;
  constexpr auto relaxed = std::memory_order_relaxed;
  counters& all = of_.at_.count;
  all.answers[std::min(static_cast<std::size_t>(status) / 100, all.answers.size() - 1)].fetch_add(
      1, relaxed);
  if (tried) of_.client_->requests.fetch_add(1, relaxed);
  if (of_.answer_began_ != steady_time()) {
    all.first_byte.add(of_.answer_began_ - of_.began_);
    all.took.add(steady_clock::now() - of_.began_);
  }
  if (!of_.key_) return;
  const std::uint64_t bytes_in = of_.request_.body_size();
  const std::uint64_t bytes_out = tried && !answered_here ? of_.response_.body_size() : 0;
  all.bytes_in.fetch_add(bytes_in, relaxed);
  all.bytes_out.fetch_add(bytes_out, relaxed);
  const auto& tokens = of_.tokens_.found();
  of_.at_.usage.add(of_.key_->id,
                    tried ? std::string_view(of_.client_->facts().client_id) : std::string_view(),
                    of_.usage_model(),
                    {.requests = 1,
                     .errors = whole && status < 400 ? 0U : 1U,
                     .bytes_in = bytes_in,
                     .bytes_out = bytes_out,
                     .prompt_tokens = tokens.prompt,
                     .completion_tokens = tokens.completion});
}

}  // namespace frpx::gateway
