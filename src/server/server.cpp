#include "server/server.hpp"

#include <future>

#include "api/access.hpp"
#include "api/dashboard_files.hpp"
#include "api/rest.hpp"
#include "core/log.hpp"
#include "gateway/gateway.hpp"
#include "http/service.hpp"
#include "identity/key_checker.hpp"
#include "identity/logins.hpp"
#include "keeper/embedded.hpp"
#include "net/blocking_pool.hpp"
#include "net/descriptor_limit.hpp"
#include "net/listener.hpp"
#include "net/relay.hpp"
#include "net/worker.hpp"
#include "ports/leases.hpp"
#include "ports/probe.hpp"
#include "server/command_watch.hpp"
#include "server/fleet_watch.hpp"
#include "server/part_options.hpp"
#include "server/proxylite_port.hpp"
#include "server/ready_file.hpp"
#include "server/start_store.hpp"
#include "server/upkeep.hpp"
#include "server/usage_writer.hpp"
#include "server/view.hpp"
#include "store/store.hpp"
#include "tunnel/frpx/dialect.hpp"
#include "tunnel/outer_ports.hpp"
#include "tunnel/registry.hpp"

namespace frpx::server {

namespace asio = boost::asio;

namespace {

constexpr auto join_patience = std::chrono::seconds(5);
constexpr auto farewell_patience = std::chrono::seconds(1);
constexpr auto look_every = std::chrono::milliseconds(10);

identity::token_signer make_signer(const config::frps_options& options) {
  if (options.demo) return identity::token_signer(secret(random_hex(32)));
  const auto file = options.token_secret_file.empty() ? options.data_dir / "token-secret"
                                                      : options.token_secret_file;
  auto signing = identity::load_or_make_signing_secret(file);
  if (!signing) throw start_error(file.string() + ": " + signing.error().message());
  return identity::token_signer(std::move(*signing));
}

// The ports that are promised to services by their names.
std::unique_ptr<ports::leases> start_leases(const config::frps_options& from) {
  ports::lease_options with;
  with.by.allowed = outer_ranges(from);
  with.by.most_per_user = from.max_leases;
  if (with.by.allowed.empty()) return nullptr;
  with.by.share_tcp_udp = true;
  with.by.is_taken = ports::is_port_taken;
  auto store = ports::open_leases(database_of(from), {.timeout = from.database_timeout});
  if (!store) throw start_error(store.error().text);
  auto started = ports::leases::start(std::move(*store), std::move(with));
  if (!started) throw start_error("the leases cannot be read: " + started.error().message());
  return std::move(*started);
}

}  // namespace

/// What a server is made of, in the order in which it is made; it goes in the reverse order.
class server::parts {
 public:
  parts(config::frps_options given, option_reader read_again);
  void stop();
  const api::listening_ports& ports() const { return ports_; }
  struct figures figures();
  void reload();

 private:
  void say_how_to_begin();
  void listen();
  void open(net::listener& port, const std::string& address, std::uint16_t number,
            const char* option);
  void drain();
  void end_all();
  asio::awaitable<void> end_worker(std::size_t index);
  static asio::awaitable<void> reload_at_home(view* of);
  template <class F>
  void at_home(F f);

  const config::frps_options options_;
  const capacity most_;
  const std::unique_ptr<store::store> store_;
  const std::unique_ptr<cache::redis_cache> shared_cache_;
  identity::logins logins_;
  identity::key_checker keys_;
  net::worker_pool workers_;
  net::blocking_pool passwords_{1, 256};
  net::blocking_pool blocking_;
  tunnel::registry clients_;
  gateway::gateway gateway_;
  api::event_log events_;
  fleet_watch fleet_;
  tunnel::outer_ports tunnels_;
  const std::unique_ptr<ports::leases> leases_;  // of outer ports; null if there are none
  tunnel::frpx_dialect::dialect dialect_;
  api::listening_ports ports_;
  usage_sums sums_;
  view view_;
  usage_writer usage_;
  upkeep upkeep_;
  command_watch commands_;
  const std::unique_ptr<keeper::embedded> keeper_;  // null unless --keeper-path is given
  http::service api_;
  net::listener control_port_;
  net::listener proxy_port_;
  net::listener public_port_;
  net::listener api_port_;
  const std::unique_ptr<proxylite_port> proxylite_;  // null unless --proxylite-port is given
  bool stopped_ = false;
};

server::parts::parts(config::frps_options given, option_reader read_again)
    : options_(std::move(given)),
      most_(capacity_of(options_, net::raise_descriptor_limit())),
      store_(start_store(options_, store_use::serve)),
      shared_cache_(start_cache(options_, *store_)),
      logins_(*store_, make_signer(options_), {.keys_are_tokens = options_.keys_are_tokens}),
      keys_(*store_, key_options(options_, *store_, shared_cache_.get())),
      workers_(options_.workers),
      blocking_(blocking_threads(options_, *store_), 4096),
      clients_(workers_, most_.clients, policy_of(options_) == balance::policy::sticky),
      gateway_(workers_, clients_, keys_, blocking_, gateway_options(options_, most_)),
      events_(workers_.home().timers()),
      fleet_(workers_.home().timers(), clients_, events_),
      tunnels_(workers_, gateway_.places(), tunnel_options(options_), &fleet_),
      leases_(start_leases(options_)),
      dialect_({workers_, clients_, tunnels_, leases_.get(), logins_, passwords_, blocking_},
               dialect_options(options_)),
      view_({clients_, dialect_, gateway_, tunnels_, leases_.get(), keys_, *store_, blocking_,
             ports_, events_, logins_, passwords_, sums_},
            options_, std::move(read_again)),
      usage_(blocking_, *store_, gateway_,
             options_.demo ? std::filesystem::path() : options_.data_dir / "usage-unwritten",
             sums_),
      upkeep_(
          {workers_.home(), blocking_, *store_, logins_, keys_, clients_, gateway_},
          [this](error_code store, bool shared_answers) {
            view_.note_store(store);
            if (shared_cache_) view_.note_cache(shared_answers);
          },
          [this] { return api::end_doubtful_logins(&view_); }),
      commands_(*store_, blocking_, events_),
      keeper_(keeper::embedded::start(options_, database_of(options_))),
      api_(
          workers_.home(),
          keeper::beside(keeper_.get(), api::beside_dashboard(
                                            api::dashboard_files(),
                                            api::make_rest_api(view_, access_rules_of(options_))))),
      control_port_(workers_, net::listener::placing::home,
                    [this](net::worker& on, net::accepted one) {
                      dialect_.accept_control(on, std::move(one));
                    }),
      proxy_port_(workers_, net::listener::placing::least_loaded,
                  [this](net::worker& on, net::accepted one) {
                    dialect_.accept_proxy(on, std::move(one));
                  }),
      public_port_(
          workers_, net::listener::placing::least_loaded,
          [this](net::worker& on, net::accepted one) { gateway_.accept(on, std::move(one)); }),
      api_port_(workers_, net::listener::placing::home,
                [this](net::worker& on, net::accepted one) {
                  api_.take(std::make_unique<net::socket>(on.events(), std::move(one.fd)),
                            one.peer);
                }),
      proxylite_(proxylite_port::open(options_, workers_, tunnels_)) {
  if (options_.demo) {
    log::warn(
        "DEMO: anyone on this machine may use it: user test@example.com, password 123456, "
        "API keys abc123 and test-api-key-123. Nothing is kept.");
  }
  const auto first_look = keys_.refresh();
  view_.note_store(first_look ? error_code() : first_look.error());
  if (shared_cache_) view_.note_cache(keys_.shared_answers());
  if (first_look) say_how_to_begin();
  clients_.on_leaving([this](std::uint64_t session) { gateway_.close_idle_streams_of(session); });
  clients_.on_change([this] {
    gateway_.look_around();
    fleet_.look();
  });
  listen();
  if (options_.keys_are_tokens) {
    log::warn(
        "--keys-are-tokens: whoever has an API key may bring a client in and read what "
        "others ask");
  }
  workers_.home().tasks().spawn(upkeep_.watch());
  workers_.home().tasks().spawn(upkeep_.run());
  workers_.home().tasks().spawn(api::watch_logins(&view_));
  workers_.home().tasks().spawn(commands_.run());
  workers_.home().tasks().spawn(usage_.run());
  workers_.start();
  log::info("FRPS listening on ports: Control={}, Proxy={}, Public={}, API={}", ports_.control,
            ports_.proxy, ports_.visitors, ports_.api);
  if (api::dashboard_files().empty()) {
    log::info("This frps has no dashboard: it was built without it (FRPX_DASHBOARD=OFF)");
  }
  if (options_.ready_file.empty()) return;
  if (const auto failed = write_ready_file(options_.ready_file, ports_)) {
    stop();
    throw start_error("--ready-file " + options_.ready_file.string() + ": " + failed.message());
  }
}

// There is no default user and no default key: an empty store is said to be one.
void server::parts::say_how_to_begin() {
  const store::page first{{}, 1};
  const auto users = store_->list_users(first);
  if (users && users->empty()) {
    log::warn("There is no user yet, so no client can log in; make one: frps user add EMAIL");
  }
  const auto keys = store_->list_keys(first);
  if (keys && keys->empty() && options_.api_key.empty()) {
    log::warn(
        "There is no API key yet, so no visitor is let in; make one: frps key add --name NAME");
  }
}

void server::parts::listen() {
  open(control_port_, options_.bind, options_.control_port, "--control-port");
  open(proxy_port_, options_.bind, options_.proxy_port, "--proxy-port");
  open(public_port_, options_.bind, options_.public_port, "--public-port");
  open(api_port_, options_.api_bind, options_.api_port, "--api-port");
  ports_ = {control_port_.port(), proxy_port_.port(), public_port_.port(), api_port_.port(),
            proxylite_ ? proxylite_->port() : std::uint16_t(0)};
}

void server::parts::open(net::listener& port, const std::string& address, std::uint16_t number,
                         const char* option) {
  const error_code failed = port.open(address, number);
  if (!failed) return;
  throw start_error(
      "cannot listen on port " + std::to_string(number) + " of " + address + " (" + option +
      "): " + failed.message() +
      (failed == boost::system::errc::address_in_use
           ? "; end the program that uses it, or choose another with " + std::string(option)
           : std::string()));
}

struct figures server::parts::figures() {
  struct figures now;
  now.visitors = gateway_.visitors();
  now.links = dialect_.links_up();
  now.proxy_connections = dialect_.proxy_connections();
  for (std::size_t i = 0; i < workers_.size(); ++i) now.posts += workers_.at(i).posts();
  return now;
}

void server::parts::reload() {
  workers_.home().run_and_wait(reload_at_home(&view_));
}

asio::awaitable<void> server::parts::reload_at_home(view* of) {
  co_await of->reload();  // which tells the log
}

template <class F>
void server::parts::at_home(F f) {
  std::promise<void> done;
  workers_.home().post([&] {
    f();
    done.set_value();
  });
  done.get_future().wait();
}

void server::parts::stop() {
  if (std::exchange(stopped_, true)) return;
  drain();
  end_all();
  workers_.stop();
  usage_.leave();
  upkeep_.leave();
  log::info("frps has stopped.");
}

// Phase 1 and 2: nothing new; what runs may end.
void server::parts::drain() {
  log::info("Stopping: no new connections; {} visitors may finish within {} s.",
            gateway_.visitors(), std::chrono::duration<double>(options_.deadlines.drain).count());
  at_home([this] {
    public_port_.stop();
    control_port_.stop();
    proxy_port_.stop();
    api_port_.stop();
    if (proxylite_) proxylite_->drain();
    tunnels_.drain();
    gateway_.drain();
    events_.tell("server.draining");
    events_.end();
    api_.drain();
  });
  const auto until = steady_clock::now() + options_.deadlines.drain;
  while (gateway_.visitors() != 0 && steady_clock::now() < until) {
    std::this_thread::sleep_for(look_every);
  }
}

// Phase 3 to 5: the clients are told, what is left is reset, everything is joined.
void server::parts::end_all() {
  gateway_.close_idle_streams();
  at_home([this] {
    tunnels_.close_all();
    const auto sessions = clients_.sessions();  // a copy: ending one changes the list
    for (const auto& each : sessions) each->end("the server stops");
    if (proxylite_) proxylite_->end();
  });
  const auto until = steady_clock::now() + farewell_patience;
  const auto is_ending = [this] {
    return dialect_.sessions() != 0 || (proxylite_ && proxylite_->sessions() != 0);
  };
  while (is_ending() && steady_clock::now() < until) {
    std::this_thread::sleep_for(look_every);
  }
  workers_.home().run_and_wait(api_.stop(std::chrono::milliseconds(0)));
  for (std::size_t i = 0; i < workers_.size(); ++i) workers_.at(i).run_and_wait(end_worker(i));
}

asio::awaitable<void> server::parts::end_worker(std::size_t index) {
  net::worker& on = workers_.at(index);
  on.tasks().cancel();
  on.relays().reset_all();
  const auto until = steady_clock::now() + join_patience;
  const bool joined = co_await on.tasks().join(until) && co_await on.relays().join(until);
  if (!joined) log::error("{} tasks of worker {} did not end", on.tasks().size(), index);
}

server::server(config::frps_options options, option_reader read_again)
    : parts_(std::make_unique<parts>(std::move(options), std::move(read_again))) {}

server::~server() {
  stop();
}

api::listening_ports server::ports() const {
  return parts_->ports();
}

struct figures server::figures() const {
  return parts_->figures();
}

void server::reload() {
  parts_->reload();
}

void server::stop() {
  parts_->stop();
}

}  // namespace frpx::server
