#include "keeper/server.hpp"

#include "config/validate.hpp"
#include "core/file.hpp"
#include "core/log.hpp"
#include "http/guard.hpp"
#include "http/router.hpp"
#include "http/service.hpp"
#include "keeper/endpoint.hpp"
#include "keeper/operators.hpp"
#include "net/listener.hpp"

namespace frpx::keeper {

namespace asio = boost::asio;

namespace {

// Who asks for leases must pass the guard; who has no right to look may still ask how we are.
http::handler make_handler(const config::keeper_options& options, ports::leases& leases,
                           endpoint& plugin) {
  std::vector<http::route> routes = health_routes(leases, plugin);
  const http::guard guard(options.api_token);
  for (http::route& each : lease_routes(leases)) {
    each.serve = http::guarded(guard, std::move(each.serve));
    routes.push_back(std::move(each));
  }
  routes.push_back({"POST", options.path, handler_of(plugin)});
  return http::router(std::move(routes));
}

void write_ready_file(const std::filesystem::path& file, std::uint16_t port) {
  if (file.empty()) return;
  const auto failed = replace_file(file, "{\"port\":" + std::to_string(port) + "}\n", 0644);
  if (failed) throw start_error("--ready-file " + file.string() + ": " + failed.message());
}

}  // namespace

/// What it is made of, in the order in which it is made; it goes in the reverse order.
class server::parts {
 public:
  explicit parts(config::keeper_options given);
  ~parts() { stop(); }
  std::uint16_t port() const { return port_.port(); }
  void stop();

 private:
  void listen();
  asio::awaitable<void> end();

  const config::keeper_options options_;
  const std::unique_ptr<ports::leases> leases_;
  endpoint plugin_;
  net::worker_pool workers_{1};
  http::service service_;
  net::listener port_;
  bool serves_ = false;
};

server::parts::parts(config::keeper_options given)
    : options_(std::move(given)),
      leases_(open_leases(database_of(options_), lease_options_of(options_))),
      plugin_(*leases_, options_.allow_no_user),
      service_(workers_.home(), make_handler(options_, *leases_, plugin_)),
      port_(workers_, net::listener::placing::home, [this](net::worker& on, net::accepted one) {
        service_.take(std::make_unique<net::socket>(on.events(), std::move(one.fd)), one.peer);
      }) {
  import_public_data(options_, *leases_);
  listen();
  workers_.start();
  serves_ = true;
}

void server::parts::listen() {
  const auto place = *config::parse_listen(options_.listen);
  if (const auto failed = port_.open(place.address, place.port)) {
    throw start_error("cannot listen on " + options_.listen + " (--listen): " + failed.message());
  }
  log::info("frp-port-keeper listens on {} port {}, frps asks at {}", place.address, port(),
            options_.path);
}

void server::parts::stop() {
  if (!std::exchange(serves_, false)) return;
  workers_.home().run_and_wait(end());
  workers_.stop();
  log::info("frp-port-keeper has stopped.");
}

asio::awaitable<void> server::parts::end() {
  port_.stop();
  co_await service_.stop(options_.drain);
}

server::server(config::keeper_options options) {
  const auto ready_file = options.ready_file;
  parts_ = std::make_unique<parts>(std::move(options));
  write_ready_file(ready_file, port());
}

server::~server() = default;

std::uint16_t server::port() const {
  return parts_->port();
}

void server::stop() {
  parts_->stop();
}

}  // namespace frpx::keeper
