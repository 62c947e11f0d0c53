#include "client/engine.hpp"

#include "client/dial.hpp"
#include "core/log.hpp"
#include "core/names.hpp"

namespace frpx::client {

namespace asio = boost::asio;

namespace {

using namespace std::chrono_literals;

// What the kernel may leave unacknowledged on the control connection before it gives it up.
constexpr std::chrono::milliseconds control_user_timeout = 15s;

std::string server_of(const config::frpc_options& options) {
  return options.server_addr + ":" + std::to_string(options.control_port);
}

stream_limits limits_of(const config::frpc_options& options) {
  stream_limits limits;
  limits.streams = options.max_streams;
  limits.link_streams = options.link_streams;
  limits.server_connect = options.deadlines.connect;
  limits.local_connect = options.deadlines.local_connect;
  return limits;
}

datagram_limits datagram_limits_of(const config::frpc_options& options) {
  datagram_limits limits;
  limits.associations = options.max_associations;
  limits.idle = options.deadlines.udp_idle;
  limits.server_connect = options.deadlines.connect;
  limits.local_connect = options.deadlines.local_connect;
  return limits;
}

}  // namespace

const char* to_string(state which) {
  switch (which) {
    case state::resolving:
      return "resolving";
    case state::connecting:
      return "connecting";
    case state::logging_in:
      return "logging in";
    case state::registering:
      return "registering";
    case state::registered:
      return "registered";
    case state::waiting:
      return "waiting";
    case state::draining:
      return "draining";
  }
  return "unknown";
}

engine::engine(net::worker& home, net::resolver& names, net::blocking_pool& files,
               engine_settings settings)
    : home_(home),
      names_(names),
      files_(files),
      settings_(std::move(settings)),
      server_(server_of(settings_.options)),
      services_(names, settings_.options.local_addr, settings_.options.local_port),
      models_(home, services_.unnamed(), settings_.options.deadlines.models),
      health_(home, services_.unnamed(), settings_.options.health_path,
              settings_.options.health_interval, settings_.options.deadlines.models),
      streams_(home, services_, limits_of(settings_.options)),
      datagrams_(home, datagram_limits_of(settings_.options)),
      links_(home, services_, streams_, datagrams_, limits_of(settings_.options)),
      bell_(home.events()),
      late_(home.timers(), bell_),
      beat_(home.timers(), bell_),
      silent_(home.timers(), bell_),
      drained_(home.timers(), bell_),
      tasks_(home.loop()) {
  services_.set(settings_.options.services);
}

asio::awaitable<ending> engine::run() {
  if (!stopping_) tasks_.spawn(keep_registered());
  co_await tasks_.join(steady_time::max());
  models_.stop();
  health_.stop();
  links_.reset_all();
  streams_.reset_all();
  datagrams_.reset_all();
  co_await models_.join(steady_time::max());
  co_await health_.join(steady_time::max());
  co_await streams_.join(steady_time::max());
  co_await datagrams_.join(steady_time::max());
  co_await links_.join(steady_time::max());
  co_return ending_;
}

void engine::stop() {
  if (std::exchange(stopping_, true) || state_ != state::registered) return tasks_.cancel();
  log::info("Stopping: {} streams may end within {} ms", streams_.size(),
            settings_.options.deadlines.drain.count());
  enter(state::draining);
  streams_.drain();
  links_.drain();
  drained_.set_in(settings_.options.deadlines.drain);
  bell_.ring();
}

void engine::set_services(std::vector<config::service_entry> services, bool serves_http) {
  if (settings_.options.serves_http != serves_http) {
    log::info("Whether the public port reaches this client changes with its next session");
  }
  settings_.options.serves_http = serves_http;
  services_.set(std::move(services));
  bell_.ring();
}

asio::awaitable<void> engine::keep_registered() {
  for (;;) {
    const error_code why = co_await attempt();
    if (stopping_ || is_final(why)) co_return;
    say_failure(why);
    // A refused token says nothing about the credentials: they are tried at once.
    if (why != errc::token_refused) co_await pause();
  }
}

asio::awaitable<error_code> engine::attempt() {
  said_.clear();
  if (!may_use_token() && !has_credentials()) co_return errc::no_credentials;
  net::endpoint server;
  auto connection = co_await connect(server);
  if (!connection) co_return connection.error();
  net::tune_control((*connection)->descriptor(), control_user_timeout);
  control_channel channel(std::move(*connection), bell_);
  late_.set_in(settings_.options.deadlines.login);
  if (const error_code failed = co_await log_in(channel)) co_return failed;
  channel.trust();
  if (const error_code failed = co_await enlist(channel)) co_return failed;
  late_.clear();
  const steady_time since = steady_clock::now();
  const error_code ended = co_await serve(channel, server);
  if (steady_clock::now() - since >= settings_.proven) backoff_.reset();
  co_return ended;
}

asio::awaitable<result<std::unique_ptr<net::socket>>> engine::connect(net::endpoint& server) {
  const auto& options = settings_.options;
  const steady_time until = steady_clock::now() + options.deadlines.connect;
  enter(state::resolving);
  auto addresses =
      co_await names_.resolve(options.server_addr, options.control_port, options.deadlines.connect);
  if (!addresses) co_return addresses.error();
  enter(state::connecting);
  dial connecting(home_, bell_);
  connecting.start(std::move(*addresses), until - steady_clock::now());
  while (connecting.step() == dial::state::connecting) co_await bell_.wait();
  if (connecting.step() == dial::state::failed) co_return connecting.error();
  server = connecting.address();
  co_return connecting.take();
}

asio::awaitable<void> engine::pause() {
  enter(state::waiting);
  const auto wait = backoff_.next(home_.random());
  log::debug("Trying again in {} ms", wait.count());
  late_.set_in(wait);
  while (!late_.rang()) co_await bell_.wait();
}

bool engine::has_credentials() const {
  return !settings_.options.email.empty() && !settings_.options.password.empty();
}

bool engine::may_use_token() const {
  return settings_.token && !(settings_.token->token == refused_token_) &&
         settings_.token->fits(server_, settings_.options.email);
}

// Whether trying again cannot help; says so.
bool engine::is_final(const error_code& why) {
  if (why == errc::token_refused) {
    refused_token_ = settings_.token->token;
    if (has_credentials()) return false;
    log::warn("The server refused the token of {} ({}); e-mail and password are needed",
              settings_.options.token_file.string(), said_);
    ending_ = ending::no_credentials;
    return true;
  }
  if (why == errc::no_credentials) {
    log::info("There is no token for {}; e-mail and password are needed", server_);
    ending_ = ending::no_credentials;
    return true;
  }
  if (why == errc::credentials_refused) {
    log::error("The server refused e-mail and password of {} ({}): check --email and --password",
               shown(settings_.options.email), said_);
    ending_ = ending::credentials_refused;
    return true;
  }
  return false;
}

void engine::enter(state next) {
  if (state_ == next) return;
  state_ = next;
  log::debug("Now {}", to_string(next));
  if (settings_.on_state) settings_.on_state(next);
}

// A failure that lasts is said once.
void engine::say_failure(const error_code& why) {
  std::string text = why.message();
  if (!said_.empty()) text += " (" + said_ + ")";
  if (why == errc::id_in_use) {
    text += ": end that client, or give this one a name of its own with --client-id";
  }
  if (text == last_failure_) return log::debug("Server {}: {}", server_, text);
  log::warn("Server {}: {}; {}", server_, text,
            why == errc::token_refused ? "trying e-mail and password" : "trying until it works");
  last_failure_ = std::move(text);
}

}  // namespace frpx::client
