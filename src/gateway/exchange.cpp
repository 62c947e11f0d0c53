#include "gateway/exchange.hpp"

#include <algorithm>

#include "core/log.hpp"
#include "core/names.hpp"
#include "gateway/key_rules.hpp"
#include "gateway/model_answer.hpp"
#include "gateway/visitor.hpp"
#include "gateway/visitor_key.hpp"
#include "http/api_error.hpp"

namespace frpx::gateway {

namespace asio = boost::asio;

namespace {

// When a visitor whom nobody has room for may come back.
constexpr auto retry_after = std::chrono::seconds(5);
constexpr std::size_t room_for_our_fields = 2048;  // the host up to three times, and the rest
// What a service's own host adds to a head: in Host, and in Origin with a scheme.
constexpr std::size_t most_of_local_host = 2 * (wire::longest_field + 8);

std::span<char> as_chars(bytes_span bytes) {
  return {reinterpret_cast<char*>(bytes.data()), bytes.size()};
}

// As one word of a log line. Of a malformed head only a part is known, or a part with spaces.
std::string as_word(std::string_view text) {
  if (text.empty()) return "-";
  std::string word = shown(text);
  std::ranges::replace(word, ' ', '?');
  return word;
}

}  // namespace

exchange_room::exchange_room(const desk& at) {
  if (at.how.sticky && at.how.sticky->what == sticky_rule::by::prompt) prompt_.emplace();
}

exchange::exchange(visitor& from, http::model_finder& model,
                   std::optional<http::prompt_hash>& prompt)
    : at_(from.at),
      from_(&from),
      head_bytes_(at_.on.buffers()),
      out_(at_.on.buffers()),
      held_(at_.held),
      model_(model),
      prompt_(prompt),
      began_(steady_clock::now()),
      choice_(at_.on, at_.room, at_.how.choosing),
      response_(at_.how.head),
      answer_in_(at_.on.buffers()),
      answer_held_(at_.on.buffers()),
      answer_out_(at_.on.buffers()) {
  model_.start();
  if (prompt_) prompt_->start();
}

asio::awaitable<exchange::after> exchange::run(std::size_t head_size) {
  const usage_note counted(*this);
  head_bytes_.append(from_->in.bytes().first(head_size));
  from_->in.consume(head_size);
  if (const auto bad = http::parse_request(as_text(head_bytes_.bytes()), at_.how.head, head_)) {
    log::debug("{} sent no valid request: {}", from_->who.address, bad.message());
    api_.speaks = llm::dialect_of_bytes(as_text(head_bytes_.bytes()));
    co_return co_await answer(http::status_of(bad));
  }
  fields_.start(head_, from_->who.trusted, at_.on.random());
  api_ = llm::find_api(head_.method, path_.emplace(head_.path));
  visitor_key key;
  if (key.find(head_) == visitor_key::state::ambiguous) {
    co_return co_await answer(400, "The request carries more than one API key: send one");
  }
  if (const auto bad = request_.start(head_, at_.how.most_body))
    co_return co_await answer(http::status_of(bad));
  understood_ = true;
  if (const auto refused = co_await refuse_key(key.text())) co_return *refused;
  if (const refusal why = enter_key()) co_return co_await refuse(why);
  co_return co_await serve();
}

// Judges the key, or its absence. What becomes of the connection when it is not valid, and the
// answer was given.
asio::awaitable<std::optional<exchange::after>> exchange::refuse_key(std::string_view key) {
  if (key.empty()) co_return co_await answer(401, http::missing_key_text);
  const auto judged_at = at_.in_use.looks();
  auto verdict = at_.gate.known(key);
  if (!verdict) {
    const leaving_at_end watched(from_->watch, *this);
    verdict = co_await at_.gate.ask(std::string(key));
  }
  if (verdict->is_valid()) {
    key_ = std::move(verdict->key);
    at_.in_use.enter(*this, *key_, judged_at);
    stick_to_ = at_.how.sticky ? sticks_to(*at_.how.sticky, head_, key) : std::nullopt;
    co_return std::nullopt;
  }
  static log::rate_limit limiter;
  if (limiter.pass()) {
    log::warn("{}: API key refused: {}{}", from_->who.address, identity::to_string(verdict->fault),
              limiter.more());
  }
  if (verdict->outcome == identity::standing::unavailable) {
    co_return co_await answer(503, "The key store does not answer, try again");
  }
  co_return co_await answer(401, http::invalid_key_text);
}

// An answer of our own. The connection is kept only when the request has been read to its end.
asio::awaitable<exchange::after> exchange::answer(int status, std::string_view text) {
  return refuse({.status = status, .message = text});
}

asio::awaitable<exchange::after> exchange::refuse(refusal why) {
  const bool keep =
      understood_ && !bad_request_ && request_.complete() && head_.keep_alive() && !at_.draining;
  return say(why.status,
             answer_of(why, {.speaks = api_.speaks,
                             .keep_alive = keep,
                             .is_head = head_.method == "HEAD",
                             .request_id = fields_.request_id(),
                             .extra = fields_.of_answer()}),
             keep);
}

// What nobody else is kept waiting for: the places go first.
asio::awaitable<exchange::after> exchange::say(int status, std::string text, bool keep) {
  said_status_ = status;
  leave_places();
  text.insert(0, as_text(answer_out_.bytes()));  // interim answers of a service that failed then
  answer_out_.release();
  const bool said = co_await from_->say(std::move(text));
  if (at_.how.access_log) log_access(status, "answered here");
  if (!said) co_return after::gone;
  co_return keep ? after::keep : after::close;
}

// The same, of the list of models, as far as the key may use them.
asio::awaitable<exchange::after> exchange::answer_models() {
  const bool keep = request_.complete() && head_.keep_alive() && !at_.draining;
  const auto& key = *key_;
  const std::string body = list_models(
      *at_.clients.current(at_.on), api_.speaks, [&key](const tunnel::routed_model& one) {
        const auto& who = one.having.who;
        return key.may_use_model(one.as_reported.id) &&
               std::any_of(who.begin(), who.end(), [&key](const auto& each) {
                 return key.may_use_client(each->facts().client_id);
               });
      });
  return say(200, http::json_response(body, keep, wall_clock::now(), fields_.of_answer()), keep);
}

// Nobody has the model, and it is not to be asked of any client.
asio::awaitable<exchange::after> exchange::answer_unknown_model() {
  const std::string_view name = model_name();  // of a path it may be no text at all
  const std::string text =
      "The model '" + (is_plain_text(name) ? std::string(name) : shown(name)) + "' does not exist";
  co_return co_await refuse({404, text, "model_not_found"});
}

asio::awaitable<exchange::after> exchange::serve() {
  needs_model_ = needs_model();
  if (const refusal why = judge_head(head_, api_, *key_, at_.how.most_model_body)) {
    co_return co_await refuse(why);
  }
  if (needs_model_ && is_encoded(head_)) {
    co_return co_await refuse({415,
                               "The model must be readable: send the body without Content-Encoding",
                               "encoded_body"});
  }
  const bool asks_for_list =
      api_.lists_models() && head_.method == "GET" && head_.body.how == http::framing::kind::none;
  if (asks_for_list && head_.fields.find(http::field_id::client_id) == nullptr &&
      !at_.clients.current(at_.on)->by_model.empty()) {
    co_return co_await answer_models();
  }
  repeatable_ = is_repeatable(head_.method, head_.path, api_, at_.how.repeatable_paths);
  if (!reserve_head()) co_return co_await answer(431);
  // POSTs that may be repeated are model paths, by default: their bodies are held longer.
  const bool holds_long = api_.names_model() || (repeatable_ && head_.method == "POST");
  held_most_ = out_.size() + (holds_long ? at_.how.held_model_body : at_.how.held_body);
  if (api_.names_model_in_body() && !co_await read_model()) {
    if (key_has_ended_) co_return co_await answer(401, http::invalid_key_text);
    if (!bad_request_) co_return co_await answer(408);
    co_return co_await answer(http::status_of(bad_request_));
  }
  if (const refusal why = judge_body()) co_return co_await refuse(why);
  if (!begin_choice()) co_return co_await answer_unknown_model();
  give_up_ = steady_clock::now() + at_.how.stream_total;
  co_return co_await try_clients();
}

// Makes room for the head, whose size depends on the client, in front of the body.
bool exchange::reserve_head() {
  const auto head = write_head({});
  if (!head) return false;
  head_room_ = head->size() + most_of_local_host;
  out_.prepare(head_room_);
  out_.commit(head_room_);
  place_head(*head);
  return true;
}

// The head for a service that is spoken to by `host`, or by the downstream's if that is empty.
result<bytes_view> exchange::write_head(std::string_view host) {
  const http::request_rules rules{.visitor_address = from_->who.address,
                                  .visitor_uses_h2 = from_->who.h2,
                                  .visitor_is_trusted = from_->who.trusted,
                                  .host = host,
                                  .extra = fields_.of_request()};
  const std::size_t for_host = host.empty() ? 0 : most_of_local_host;
  const bytes_span room =
      at_.on.scratch().first(at_.how.head.head + room_for_our_fields + for_host);
  const auto size = http::write_request_head(head_, rules, as_chars(room));
  if (!size) return size.error();
  return bytes_view(room.first(*size));
}

void exchange::place_head(bytes_view head) {
  head_at_ = head_room_ - head.size();
  std::ranges::copy(head, out_.writable().begin() + static_cast<std::ptrdiff_t>(head_at_));
}

asio::awaitable<exchange::after> exchange::try_clients() {
  for (;;) {
    if (has_left()) co_return after::gone;
    if (bad_request_) co_return co_await answer(http::status_of(bad_request_));
    const seeking sought = co_await seek_client();
    if (sought == seeking::interrupted) continue;
    if (sought == seeking::key_ended) co_return co_await answer(401, http::invalid_key_text);
    if (sought != seeking::found && declined_) co_return co_await pass_declined();
    if (sought == seeking::full) {
      co_return co_await refuse(
          {429, "All clients are busy, try again later", "rate_limit_exceeded", retry_after});
    }
    if (sought == seeking::nobody) co_return co_await answer(503, http::no_client_text);

    client_ = place_.client();
    const ending how = co_await open_stream() ? co_await converse() : ending::failed;
    if (how != ending::failed) co_return co_await conclude(how);

    const decision next = decide(failed_how(*failure_));
    const bool was_kept = stream_ != nullptr && stream_->used();
    const bool declined = failure_ == outcome::unavailable;
    if (declined) keep_declined();
    stream_.reset();
    place_.release();
    const bool silent = failure_ == outcome::late_unopened;
    if (was_kept && !declined && !silent && !response_.given() &&
        (!any_sent_ || (repeatable_ && !dropped_))) {
      choice_.forgive_last();  // a stream that aged says nothing against its client
      fresh_stream_only_ = true;
      continue;
    }
    note_failure();
    if (next == decision::reset_visitor) co_return after::gone;
    if (next != decision::next_client) {
      if (declined_) co_return co_await pass_declined();
      co_return co_await answer(status_of(next));
    }
    at_.count.failovers.fetch_add(1, std::memory_order_relaxed);
  }
}

asio::awaitable<bool> exchange::open_stream() {
  const auto& facts = client_->facts();
  log_choice();
  if (!at_.how.hides_clients) fields_.name_client(facts.client_id);
  response_.start(head_, keeps_visitor(), fields_.of_answer(),
                  api_.names_model_in_body() ? &tokens_ : nullptr, true);
  answer_in_.clear();
  answer_held_.clear();
  failure_.reset();
  auto host = at_.clients.current(at_.on)->local_host_of(*client_);
  if (host != head_host_) {
    head_host_ = std::move(host);
    const auto head = write_head(head_host_ ? std::string_view(*head_host_) : "");
    if (!head || head->size() > head_room_) {  // no host is so long: longest_field bounds them
      service_fails(outcome::busy);
      co_return false;
    }
    place_head(*head);
  }
  sent_ = head_at_;
  any_sent_ = service_refuses_ = heard_ = false;
  sign_.reset();
  settling_ = settling::no;
  if (!fresh_stream_only_) stream_ = at_.services.take(facts.number);
  if (stream_) {
    (*stream_)->begin_message();
    co_return true;
  }
  const leaving_at_end watched(from_->watch, *this);
  auto stream =
      co_await client_->open(at_.on, {.visitor = from_->who.address, .patience = at_.how.stream});
  if (stream) {
    stream_ =
        std::make_unique<service_streams::kept>(at_.services, facts.number, std::move(*stream));
    co_return true;
  }
  log::debug("client {} brought no stream: {}", shown(facts.client_id), stream.error().message());
  const bool late = stream.error() == tunnel::make_error_code(tunnel::errc::late);
  service_fails(late ? outcome::late_unopened : outcome::ended_unopened);
  co_return false;
}

// Moves bytes both ways until the answer is complete or something ends it.
asio::awaitable<exchange::ending> exchange::converse() {
  net::stream_watch service(from_->bell);
  const net::watched hears(**stream_, service);
  set_alarm();
  for (;;) {
    progress_ = false;
    pump_request();
    pump_response();
    if (final_given_) client_->health.succeeded();
    if (response_.given() && held_most_ != 0) drop_sent();
    const bool said_all = response_.complete() && all_written();
    const bool heard_all = request_.complete() || service_refuses_ || !response_.keep_visitor();
    if (visitor_gone_) co_return ending::visitor_gone;
    if (key_has_ended_) co_return ending::key_ended;
    if (said_all && response_.upgraded()) co_return ending::upgraded;
    if (said_all && heard_all) co_return ending::answered;
    if (from_->has_ended() && !waits_for_body()) co_return ending::visitor_gone;
    if (failure_) co_return ending::failed;
    if (bad_request_) co_return ending::bad_request;
    if (awaits_word_ && has_word()) progress_ = true;  // another wait begins
    if (progress_ && settling_ == settling::no) {
      set_alarm();
    } else if (!from_->alarm.rang()) {
      co_await from_->bell.wait();
    } else if (settling_ == settling::now) {
      settling_ = settling::over;
      set_alarm();
    } else if (!all_written()) {
      log::debug("{} does not read its answer", from_->who.address);
      co_return ending::visitor_gone;
    } else if (awaits_word_ && asks_client()) {
      set_alarm();
    } else if (!has_word()) {
      service_fails(outcome::late_unopened);
    } else if (waits_for_body()) {
      co_return ending::visitor_late;
    } else {
      service_fails(outcome::late_answer);
    }
  }
}

// Whether the downstream, from which nothing is read just now, has left: by ending its direction
// behind its request. So what is there of that is read, as far as it may be held; a request that is
// cut gets its answer.
bool exchange::has_left() {
  if (!from_->has_ended()) return false;
  if (!key_) return request_.complete();  // before the key is known, no body is read
  while (!request_.complete() && !bad_request_ && out_.size() < held_most_) {
    if (!take_body()) break;
  }
  return !bad_request_;
}

bool exchange::waits_for_body() const {
  return !request_.complete() && sent_ == out_.size();
}

// Whether the client has shown since the message began that it can reach its service. What a stream
// showed when it was opened says nothing when it is used again.
bool exchange::has_word() const {
  return (*stream_)->confirmed() && (!stream_->used() || heard_ || (sign_ && sign_->came()));
}

// A service may think for long: so the client itself is asked, once, at half the time that it has.
bool exchange::asks_client() {
  if (sign_ || !(*stream_)->confirmed()) return false;
  sign_ = client_->ask_for_sign(at_.on, from_->bell);
  if (!sign_) heard_ = true;  // it cannot be asked
  return true;
}

void exchange::set_alarm() {
  awaits_word_ = !has_word();
  const auto word = stream_->used() ? at_.how.confirmation / 2 : at_.how.confirmation;
  from_->alarm.set_in(awaits_word_           ? word
                      : waits_for_body()     ? at_.how.body_stall
                      : response_.answered() ? at_.how.response_stall
                                             : at_.how.response_head);
}

asio::awaitable<exchange::after> exchange::conclude(ending how) {
  if (auto spare = sign_ ? sign_->take_stream() : nullptr) {
    at_.services.give(std::make_unique<service_streams::kept>(at_.services, client_->facts().number,
                                                              std::move(spare)));
  }
  if (how == ending::upgraded) {
    hand_to_relay();
    co_return after::gone;
  }
  if (how == ending::answered) {
    if (at_.how.access_log) log_access(response_.status(), client_->facts().client_id);
    const bool complete = request_.complete() && sent_ == out_.size();
    if (complete && response_.stream_reusable() && answer_in_.empty()) {
      at_.services.give(std::move(stream_));
    }
    stream_.reset();
    const bool keep = complete && response_.keep_visitor() && !at_.draining;
    co_return keep ? after::keep : after::close;
  }
  stream_.reset();  // the service must not wait for the rest
  if (how == ending::visitor_gone || final_given_) co_return after::gone;
  if (how == ending::key_ended) co_return co_await answer(401, http::invalid_key_text);
  co_return co_await answer(how == ending::visitor_late ? 408 : http::status_of(bad_request_));
}

void exchange::service_fails(outcome how) {
  if (!failure_) failure_ = how;
}

void exchange::log_choice() const {
  if (!at_.how.access_log) return;
  const std::string id = shown(client_->facts().client_id);
  if (const auto model = model_name(); !model.empty()) {
    log::info("Found client '{}' for model '{}'", id, shown(model));
  }
  log::info("Chose client '{}' for the new connection.", id);
}

void exchange::log_access(int status, std::string_view by) const {
  const auto took =
      std::chrono::duration_cast<std::chrono::milliseconds>(steady_clock::now() - began_);
  log::info("{} {} {} {} {} bytes {} ms {} {}", from_->who.address, as_word(head_.method),
            as_word(head_.target), status, response_.body_size(), took.count(), by,
            fields_.request_id().empty() ? "-" : fields_.request_id());
}

}  // namespace frpx::gateway
