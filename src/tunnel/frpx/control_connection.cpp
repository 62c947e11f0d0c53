#include "tunnel/frpx/control_connection.hpp"

#include "core/log.hpp"
#include "core/names.hpp"
#include "http/head.hpp"
#include "ports/leases.hpp"
#include "tunnel/frpx/dialect.hpp"

namespace frpx::tunnel::frpx_dialect {

namespace asio = boost::asio;

namespace {

constexpr std::size_t most_unsent = 1024 * 1024;
// Of a client that does not say it: the public one asks for models nowhere else.
constexpr std::string_view public_service_host = "localhost:11434";
constexpr auto farewell = std::chrono::seconds(2);   // for a refusal to be read
constexpr std::size_t most_discarded = 1024 * 1024;  // meanwhile, of what the client still sends

/// The session of a client that speaks the frpx dialect. It may outlive its connection by a moment,
/// in a worker's routing snapshot.
class frpx_session final : public session {
 public:
  frpx_session(session_facts facts, dialect& owner, control_connection& connection,
               bool knows_services)
      : session(std::move(facts)),
        owner_(owner),
        connection_(&connection),
        knows_services_(knows_services) {}

  // By the link, when there is one that is fit; else in the public form.
  asio::awaitable<result<std::unique_ptr<net::stream>>> open(net::worker& on,
                                                             stream_wish wish) override {
    if (!alive) co_return make_error_code(errc::session_gone);
    dialect& owner = owner_;
    const std::uint64_t number = facts().number;
    auto* const link = owner.links_of(on).fit(number);
    if (link != nullptr && wish.kind != service_kind::udp) {
      if (auto stream = link->open(wish.kind, wish.service, wish.visitor))
        co_return std::move(*stream);
    }
    // In the public form a stream is of the default service; who knows others is told which.
    const bool is_named = knows_services_ && wish.service != default_service;
    const auto about =
        is_named ? std::optional(wire::request_service_conn{.service = std::string(wish.service),
                                                            .kind = wish.kind,
                                                            .visitor = std::string(wish.visitor)})
                 : std::nullopt;
    co_return co_await owner.streams_of(on).order(number, sends_order(about), wish.patience);
  }

  // By a link one frame is enough; else the client shows that it lives by bringing a stream.
  std::unique_ptr<life_sign> ask_for_sign(net::worker& on, net::wakeup& bell) override {
    if (!alive) return nullptr;
    if (auto* const link = owner_.links_of(on).any(facts().number)) {
      return std::make_unique<linked_sign>(*link, bell);
    }
    return owner_.streams_of(on).ask_for_sign(facts().number, bell, sends_order(std::nullopt));
  }

  void tunnel_ended(const service& which, error_code why) override {
    std::erase_if(services, [&](const service& each) { return each.name == which.name; });
    if (connection_ != nullptr) {
      connection_->send(wire::service_ended{which.name, why.message()});
    }
  }

  asio::awaitable<result<std::unique_ptr<net::datagram_stream>>> open_datagrams(
      net::worker& on, stream_wish wish) override {
    if (!alive) co_return make_error_code(errc::session_gone);
    if (auto* link = owner_.links_of(on).fit(facts().number)) {
      auto stream = link->open_datagrams(wish.service, wish.visitor);
      if (!stream) co_return stream.error();
      co_return std::move(*stream);
    }
    co_return co_await session::open_datagrams(on, wish);
  }

  void end(const std::string& why) override {
    if (connection_ != nullptr) connection_->close(why);
  }

  // Public clients log a second LoginResult and go on; ours keep the token in it.
  void give_token(const secret& text) override {
    if (connection_ == nullptr) return;
    wire::login_result renewed;
    renewed.success = true;
    renewed.token = text;
    connection_->send(renewed);
  }

  void connection_gone() {
    alive = false;
    connection_ = nullptr;
  }

 private:
  class linked_sign final : public life_sign {
   public:
    linked_sign(link::connection& by, net::wakeup& bell) : sign_(by, bell) {}
    bool came() const override { return sign_.came(); }

   private:
    link::connection::sign sign_;
  };

  // What has a stream ordered of the client, under the id that it is given.
  std::function<void(const uuid&)> sends_order(std::optional<wire::request_service_conn> about) {
    return [&owner = owner_, number = facts().number, about = std::move(about)](const uuid& id) {
      owner.around().workers.home().run_here_or_post(
          [&owner, number, id, about] { owner.order(number, id, about); });
    };
  }

  dialect& owner_;
  control_connection* connection_;
  const bool knows_services_;
};

// Which outer ports a user may have and how many, as the store keeps it. Ports that cannot be read
// were written by another hand: they give none.
service_orders::allowance read_allowance(const identity::port_allowance& kept,
                                         const std::string& email) {
  service_orders::allowance read{.ports = {}, .most = kept.most};
  if (kept.ports.empty()) return read;
  std::string problem;
  read.ports = ports::ranges::parse(kept.ports, problem);
  if (read.ports) return read;
  log::error("the ports of user {} cannot be read: {}", shown(email), problem);
  read.ports = ports::ranges();
  return read;
}

/// What the client is told; the log says more.
std::string_view login_text(error_code why) {
  if (why == identity::errc::role_refused) return wire::role_refusal;
  if (why == identity::errc::wrong_credentials) return "Invalid email or password";
  if (why == identity::errc::invalid_token) return "Invalid token";
  if (why == identity::errc::throttled) return "Too many wrong tries, wait before the next";
  return "Database error";
}

}  // namespace

control_connection::control_connection(dialect& owner, net::accepted one,
                                       net::admission::ticket ticket)
    : owner_(owner),
      peer_(net::to_string(one.peer)),
      address_(one.peer.address()),
      socket_(owner.around().workers.home().events(), std::move(one.fd)),
      bell_(owner.around().workers.home().events()),
      watch_(bell_),
      alarm_(owner.around().workers.home().timers(), bell_),
      ticket_(std::move(ticket)) {
  net::tune_control(socket_.descriptor(), owner.how().client_silence);
  socket_.watch(&watch_);
}

control_connection::~control_connection() {
  leave();
}

asio::awaitable<void> control_connection::run() {
  alarm_.set_in(owner_.how().first_frame);
  const auto who = co_await log_in();
  if (who && co_await register_client(*who)) {
    ticket_.reset();
    co_await serve();
    log::info("Client {} has gone: {}.", shown(session_->facts().client_id), ended_);
    if (closed_) {
      leave();
      co_await flush_and_finish();
    }
  } else if (!ended_.empty()) {
    static log::rate_limit limiter;
    if (limiter.pass()) {
      log::warn("control port: {} did not log in: {}{}", peer_, ended_, limiter.more());
    }
  }
  leave();
}

void control_connection::leave() {
  services_.reset();
  if (!session_) return;
  static_cast<frpx_session&>(*session_).connection_gone();
  owner_.around().clients.remove(*session_);
  owner_.around().tunnels.leave_all(*session_);
  owner_.leave(session_->facts().number);
  session_.reset();
}

asio::awaitable<std::optional<identity::account>> control_connection::log_in() {
  auto first = co_await next();
  if (!first) co_return std::nullopt;
  alarm_.set_in(owner_.how().login);
  const auto* by_password = std::get_if<wire::login>(&*first);
  const auto* by_token = std::get_if<wire::login_by_token>(&*first);
  if (by_password == nullptr && by_token == nullptr) {
    ended_ = "its first command was " + std::string(wire::name_of(*first));
    co_return std::nullopt;
  }
  claim_.instance = by_password ? by_password->instance : by_token->instance;
  is_ours_ = !claim_.instance.empty();
  const auto& caps = by_password ? by_password->caps : by_token->caps;
  const auto names = [&](std::string_view cap) {
    return std::find(caps.begin(), caps.end(), cap) != caps.end();
  };
  uses_links_ = owner_.how().offers_links && names(wire::cap_link_1);
  uses_choice_ = owner_.how().offers_links && names(wire::cap_choice_1);
  uses_services_ = names(wire::cap_services_1);
  const std::string email = by_password ? by_password->email : std::string();
  auto who = co_await judge(std::move(*first));
  if (who && !store::may_bring_clients(who->role)) {
    who = identity::make_error_code(identity::errc::role_refused);
  }
  if (!who) {
    log::warn("control port: {} refused{}{}: {}", peer_, email.empty() ? "" : " as ", shown(email),
              who.error().message());
    co_await refuse_login(who.error());
    co_return std::nullopt;
  }
  if (!co_await accept_account(*who)) co_return std::nullopt;
  co_return *who;
}

asio::awaitable<result<identity::account>> control_connection::judge(wire::command first) {
  auto& logins = owner_.around().logins;
  const auto patience = owner_.how().login;
  if (auto* by_token = std::get_if<wire::login_by_token>(&first)) {
    co_return co_await owner_.around().blocking.run(
        [&logins, token = std::move(by_token->token)] {
          return logins.login_by_token(token, wall_clock::now());
        },
        patience);
  }
  auto& credentials = std::get<wire::login>(first);
  if (logins.wait_before(credentials.email, address_, steady_clock::now()) !=
      steady_clock::duration::zero()) {
    co_return identity::make_error_code(identity::errc::throttled);
  }
  co_return co_await owner_.around().passwords.run(
      [&logins, email = std::move(credentials.email), password = std::move(credentials.pass),
       from = address_] { return logins.login(email, password, from, steady_clock::now()); },
      patience);
}

// After a password the client gets a token to keep; a token that ages is renewed.
asio::awaitable<bool> control_connection::accept_account(const identity::account& who) {
  auto& logins = owner_.around().logins;
  wire::login_result answer;
  answer.success = true;
  if (uses_links_) answer.caps.emplace_back(wire::cap_link_1);
  if (uses_choice_) answer.caps.emplace_back(wire::cap_choice_1);
  if (uses_services_) answer.caps.emplace_back(wire::cap_services_1);
  claim_.user_id = who.user_id;
  claim_.token_id = who.token_id;
  came_by_ = {who.token_id, who.token_expires, who.key_id, who.password_mark};
  const bool needs_token =
      who.key_id.empty() &&
      (who.token_id.empty() || logins.renewal_due(who.token_expires, wall_clock::now()));
  if (needs_token) {
    const auto issued = co_await owner_.around().blocking.run(
        [&logins, who] { return logins.issue_token(who, wall_clock::now()); }, owner_.how().login);
    if (issued) {
      answer.token = issued->text;
      claim_.token_id = issued->id;
      came_by_ = {issued->id, issued->expires, {}};
    } else if (issued.error() == identity::errc::invalid_token) {
      log::warn("control port: {} refused as {}: what it logged in by was revoked meanwhile", peer_,
                shown(who.email));
      co_await refuse_login(who.password_mark ? identity::errc::wrong_credentials
                                              : identity::errc::invalid_token);
      co_return false;
    } else {
      log::error("no token for {}: {}", shown(who.email), issued.error().message());
    }
  }
  send(answer);
  reader_.set_limit(wire::frame_limit);
  co_return ended_.empty();
}

asio::awaitable<void> control_connection::refuse_login(error_code why) {
  wire::login_result answer;
  answer.error = std::string(login_text(why));
  send(answer);
  co_await flush_and_finish();
}

asio::awaitable<bool> control_connection::register_client(const identity::account& who) {
  const auto command = co_await next();
  if (!command) co_return false;
  const auto* wish = std::get_if<wire::register_client>(&*command);
  if (wish == nullptr) {
    ended_ = "it sent " + std::string(wire::name_of(*command)) + " before Register";
    co_return false;
  }
  auto& clients = owner_.around().clients;
  wire::register_result answer;
  if (!is_name(wish->client_id)) {
    answer.error = "Client ID must be 1 to 128 letters, digits or . _ : -";
  } else if (const error_code taken = co_await claim_id(wish->client_id, who.user_id)) {
    answer.error = taken.message();
  } else {
    session_ = std::make_shared<frpx_session>(
        session_facts{clients.next_number(), wish->client_id, who.user_id, who.email, peer_,
                      wall_clock::now(),
                      std::clamp<std::uint32_t>(wish->weight.value_or(1), 1, balance::most_weight),
                      wish->max_inflight.value_or(0)},
        owner_, *this, uses_services_);
    session_->came_by = came_by_;
    session_->serves_http = wish->serves_http || !uses_services_;
    owner_.enter(session_->facts().number, *this);
    if (const error_code refused = clients.add(session_, claim_)) answer.error = refused.message();
  }
  answer.success = !answer.error;
  send(answer);
  if (answer.success) {
    log::info("Client {} registered successfully.", shown(wish->client_id));
    if (uses_links_) owner_.order_links(session_->facts().number);
    services_.emplace(owner_.around().tunnels, owner_.around().leases, owner_.how().most_ports,
                      session_, read_allowance(who.ports, who.email),
                      [this] { return ask_allowance(); });
    co_return ended_.empty();
  }
  log::warn("control port: {} may not register as {}: {}", peer_, shown(wish->client_id),
            *answer.error);
  leave();
  co_await flush_and_finish();
  co_return false;
}

// Whether the id may be this user's, be its owner here or away.
asio::awaitable<error_code> control_connection::claim_id(std::string client_id,
                                                         std::string user_id) {
  const auto claimed = co_await owner_.around().blocking.run(
      [&logins = owner_.around().logins, client_id, user_id = std::move(user_id)] {
        return logins.claim_client(client_id, user_id, wall_clock::now());
      },
      owner_.how().login);
  if (claimed) co_return error_code();
  if (claimed.error() != identity::errc::client_of_another) {
    log::error("whose client id {} is cannot be asked: {}", client_id, claimed.error().message());
    co_return errc::store_away;
  }
  const bool is_here = owner_.around().clients.find(client_id) != nullptr;
  co_return is_here ? errc::already_connected : errc::not_yours;
}

asio::awaitable<result<service_orders::allowance>> control_connection::ask_allowance() {
  const session_facts& facts = session_->facts();
  if (facts.user_id.empty()) co_return service_orders::allowance();  // it came by a key of nobody's
  const auto kept = co_await owner_.around().blocking.run(
      [&logins = owner_.around().logins, id = facts.user_id] { return logins.ports_of(id); },
      owner_.how().login);
  if (!kept) co_return kept.error();
  co_return read_allowance(*kept, facts.email);
}

asio::awaitable<void> control_connection::serve() {
  const auto silence = is_ours_ ? owner_.how().client_silence : owner_.how().public_client_silence;
  for (;;) {
    alarm_.set_in(silence);
    auto command = co_await next();
    if (!command) co_return;
    if (uses_services_ && is_service_order(*command)) {
      send(co_await services_->carry_out(std::move(*command)));
    } else {
      take(*command);
    }
  }
}

void control_connection::take(const wire::command& what) {
  if (const auto* beat = std::get_if<wire::heartbeat>(&what)) {
    take_report(*beat);
    if (uses_links_) send(wire::heartbeat_ack{});
  } else if (const auto* usage = std::get_if<wire::system_info>(&what)) {
    session_->machine = machine_report{*usage, wall_clock::now()};
  } else if (const auto* failed = std::get_if<wire::link_failed>(&what)) {
    log::debug("client {} brings no link: {}", shown(session_->facts().client_id),
               shown(failed->error));
    owner_.link_failed(failed->link_id);
  } else if (std::holds_alternative<wire::drain>(what)) {
    if (session_->draining) return;
    log::info("Client {} drains: it takes no new streams.", shown(session_->facts().client_id));
    owner_.around().clients.drain(*session_);
  } else {
    log::debug("client {} sent {}, which means nothing here", shown(session_->facts().client_id),
               wire::name_of(what));
  }
}

void control_connection::take_report(const wire::heartbeat& said) {
  session_->reported_models |= !said.models.empty();
  session_->health.report(said.healthy.value_or(true));
  const std::string_view host = http::is_host(said.host) ? said.host : public_service_host;
  const bool moved = !session_->local_host || *session_->local_host != host;
  if (moved) session_->local_host = std::make_shared<const std::string>(host);
  if (!moved && session_->models == said.models && session_->loaded == said.loaded &&
      session_->models_left_out == said.left_out) {
    return;
  }
  session_->models = said.models;
  session_->loaded = said.loaded;
  if (std::exchange(session_->models_left_out, said.left_out) != said.left_out &&
      said.left_out != 0) {
    log::warn(
        "The list of models of client {} is incomplete: it has {}, of which {} are known here; a "
        "request for a model that nobody reported goes to a client with such a list",
        shown(session_->facts().client_id), said.models.size() + said.left_out, said.models.size());
  }
  owner_.around().clients.changed();
}

asio::awaitable<std::optional<wire::command>> control_connection::next() {
  if (pace_.wait(steady_clock::now()) != steady_clock::duration::zero()) co_await keep_pace();
  while (ended_.empty()) {
    const auto frame = reader_.next();
    if (!frame) {
      ended_ = frame.error().message();
    } else if (*frame) {
      pace_.count((*frame)->size(), steady_clock::now());
      auto command = wire::parse_command(**frame);
      if (command) co_return std::move(*command);
      ended_ = command.error().message();
    } else if (const auto got = socket_.read(reader_.prepare());
               got.state == net::io_state::moved) {
      reader_.commit(got.bytes.size());
    } else if (got.state == net::io_state::ended) {
      ended_ = "it closed the connection";
    } else if (got.state == net::io_state::failed) {
      ended_ = socket_.error().message();
    } else if (alarm_.rang()) {
      ended_ = "it has been silent for too long";
    } else if (!flush()) {
      co_await bell_.wait();
    }
  }
  co_return std::nullopt;
}

// Waits while the client is ahead of the pace; what it sends meanwhile stays in the network.
asio::awaitable<void> control_connection::keep_pace() {
  static log::rate_limit limiter(1);
  if (limiter.pass()) {
    log::warn("Client {} at {} sends more than {} commands a second and is slowed down{}",
              session_ ? shown(session_->facts().client_id) : "", peer_, command_pace::per_second,
              limiter.more());
  }
  net::alarm over(owner_.around().workers.home().timers(), bell_);
  over.set_in(pace_.wait(steady_clock::now()));
  while (ended_.empty() && !over.rang()) {
    if (!flush()) co_await bell_.wait();
  }
  if (pace_.is_flood(steady_clock::now())) {
    ended_ = "it goes on sending more than " + std::to_string(command_pace::per_second) +
             " commands a second";
  }
}

void control_connection::send(const wire::command& what) {
  if (!ended_.empty()) return;
  out_ += wire::encode(what);
  flush();
  if (out_.size() - sent_ > most_unsent) close("it does not read what it is sent");
}

// True when something was written and there may be more to do.
bool control_connection::flush() {
  bool moved = false;
  while (sent_ < out_.size()) {
    const auto sent = socket_.write(as_bytes(out_).subspan(sent_));
    if (sent.state != net::io_state::moved) break;  // an error is found by the next read
    sent_ += sent.bytes;
    moved = true;
  }
  if (sent_ == out_.size()) {
    out_.clear();
    sent_ = 0;
    if (out_.capacity() > 4096) std::string().swap(out_);
  }
  return moved && sent_ < out_.size();
}

// Has the client read what was said last, for a moment, before the connection goes.
asio::awaitable<void> control_connection::flush_and_finish() {
  flush();
  socket_.finish();
  alarm_.set_in(farewell);
  std::byte ignored[4096];
  for (std::size_t discarded = 0; discarded < most_discarded;) {
    const auto got = socket_.read(ignored);
    discarded += got.bytes.size();
    if (got.state == net::io_state::ended || got.state == net::io_state::failed) break;
    if (alarm_.rang()) break;
    if (got.state == net::io_state::blocked) co_await bell_.wait();
  }
}

void control_connection::close(std::string why) {
  if (ended_.empty()) ended_ = std::move(why);
  closed_ = true;
  bell_.ring();
}

}  // namespace frpx::tunnel::frpx_dialect
