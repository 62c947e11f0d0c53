#include "library/server_engine.hpp"

#include <sodium.h>
#include <sys/resource.h>

#include <boost/asio/ip/address.hpp>

#include <algorithm>
#include <future>
#include <optional>
#include <thread>

#include "library/hook_adapter.hpp"
#include "library/log_callback.hpp"
#include "net/admission.hpp"
#include "net/descriptor_limit.hpp"
#include "net/listener.hpp"
#include "tunnel/outer_ports.hpp"
#include "tunnel/proxylite/dialect.hpp"
#include "wire/proxylite/address.hpp"

namespace frpx::library {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t most_workers = 64;
constexpr std::size_t fewest_visitors = 16;
constexpr auto farewell_patience = 1s;
constexpr auto join_patience = 5s;
constexpr auto look_every = 5ms;

bool is_valid(port_range one) {
  return one.from != 0 && one.from <= one.to;
}

ports::ranges as_ranges(const std::vector<port_range>& from) {
  std::vector<ports::range> list;
  for (const port_range& each : from) list.push_back({each.from, each.to});
  return ports::ranges(std::move(list));
}

std::size_t workers_of(const server_options& options) {
  const std::size_t wanted =
      options.workers != 0 ? options.workers : std::thread::hardware_concurrency() / 2;
  return std::clamp<std::size_t>(wanted, 1, most_workers);
}

// Two descriptors serve a visitor. The limit is the program's own: a library does not change it.
std::size_t visitors_of(const server_options& options) {
  if (options.visitors != 0) return options.visitors;
  rlimit limit{};
  ::getrlimit(RLIMIT_NOFILE, &limit);
  const std::size_t open = limit.rlim_cur;
  const std::size_t usable = open - std::min(open, net::reserved_descriptors);
  return std::max(usable / 2, fewest_visitors);
}

std::string host_of(std::string host) {
  return host == "localhost" ? "127.0.0.1" : host;
}

// Nothing when one of them is no network.
std::optional<std::vector<network>> networks_of(const std::vector<std::string>& texts) {
  std::vector<network> found;
  for (const std::string& each : texts) {
    const auto read = network::parse(each);
    if (!read) return std::nullopt;
    found.push_back(*read);
  }
  return found;
}

}  // namespace

/// What is there while a server runs, in the order in which it is made.
class server_engine::running {
 public:
  running(const server_engine& of, std::string outer_address, std::vector<network> allow)
      : log_(as_callback(of.log_to)),
        workers_(workers_of(of.options_)),
        places_(visitors_of(of.options_)),
        hooks_(of.hooks, workers_.home()),
        tunnels_(workers_, places_, {as_ranges(of.ports_), std::move(outer_address)}, &hooks_),
        dialect_(workers_, tunnels_,
                 {.allow = std::move(allow), .token = secret(of.options_.token)}),
        port_(workers_, net::listener::placing::least_loaded,
              [this](net::worker& on, net::accepted one) { dialect_.accept(on, std::move(one)); }) {
  }
  ~running() { stop(); }

  error_code open(const std::string& host, std::uint16_t port, bool is_guarded) {
    if (const error_code failed = port_.open(host, port)) return failed;
    workers_.start([this] { log_.take_this_thread(); });
    started_ = true;
    error_code unknown;
    const bool is_loopback = boost::asio::ip::make_address(host, unknown).is_loopback();
    workers_.home().post([=, this] {
      log::info("Proxylite clients may come to port {} of {}.", port_.port(), host);
      if (!is_loopback && !is_guarded) {
        log::warn(
            "Whoever reaches port {} of {} may open tunnels: there is no token and no list "
            "of networks",
            port_.port(), host);
      }
    });
    return {};
  }
  std::uint16_t port() const { return port_.port(); }
  void allow(port_range more) {
    workers_.home().post([this, more] { tunnels_.allow({more.from, more.to}); });
  }

 private:
  // Nothing new; the tunnels' connections end, which ends their visitors; what is left is joined.
  void stop() {
    if (!std::exchange(started_, false)) return;
    workers_.home().run_and_wait(end_tunnels(this));
    const auto until = steady_clock::now() + farewell_patience;
    while (dialect_.sessions() != 0 && steady_clock::now() < until) {
      std::this_thread::sleep_for(look_every);
    }
    for (std::size_t i = 0; i < workers_.size(); ++i) {
      workers_.at(i).run_and_wait(end_worker(&workers_.at(i)));
    }
    workers_.stop();
  }
  static boost::asio::awaitable<void> end_tunnels(running* self) {
    self->port_.stop();
    self->tunnels_.drain();
    self->tunnels_.close_all();
    self->dialect_.end_all();
    co_return;
  }
  static boost::asio::awaitable<void> end_worker(net::worker* on) {
    on->tasks().cancel();
    on->relays().reset_all();
    const auto until = steady_clock::now() + join_patience;
    const bool joined = co_await on->tasks().join(until) && co_await on->relays().join(until);
    if (!joined) log::error("{} tasks did not end", on->tasks().size());
  }

  log::sink log_;
  net::worker_pool workers_;
  net::admission places_;
  hook_adapter hooks_;
  tunnel::outer_ports tunnels_;
  tunnel::proxylite::dialect dialect_;
  net::listener port_;
  bool started_ = false;
};

server_engine::server_engine(const std::vector<port_range>& ports, server_options options)
    : options_(std::move(options)) {
  std::copy_if(ports.begin(), ports.end(), std::back_inserter(ports_), is_valid);
}

server_engine::~server_engine() {
  stop();
}

bool server_engine::add_ports(port_range more) {
  const std::lock_guard held(guard_);
  if (!is_valid(more) || ports_.size() >= ports::ranges::most) return false;
  ports_.push_back(more);
  if (running_) running_->allow(more);
  return true;
}

error server_engine::start(std::string_view address) {
  const std::lock_guard held(guard_);
  if (running_) return error(errc::already_running);
  const auto where = wire::proxylite::parse_listen_address(address);
  auto networks = networks_of(options_.allow);
  if (!where) return {errc::bad_argument, "the address is not of the form HOST:PORT"};
  if (!networks) return {errc::bad_argument, "the allow list holds a text that is no network"};
  if (::sodium_init() < 0) return {errc::server_error, "there is no source of random numbers"};
  const std::string host = host_of(where->host);
  const std::string outer = options_.outer_address.empty() ? host : host_of(options_.outer_address);
  const bool is_guarded = !networks->empty() || !options_.token.empty();
  auto made = std::make_unique<running>(*this, outer, std::move(*networks));
  if (const error_code failed = made->open(host, where->port, is_guarded)) {
    return {errc::cannot_listen, std::string(address) + ": " + failed.message()};
  }
  running_ = std::move(made);
  return {};
}

void server_engine::await_stop() {
  std::unique_lock held(guard_);
  stopped_.wait(held, [this] { return !running_; });
}

void server_engine::stop() {
  const std::lock_guard held(guard_);
  running_.reset();
  stopped_.notify_all();
}

std::uint16_t server_engine::port() const {
  const std::lock_guard held(guard_);
  return running_ ? running_->port() : std::uint16_t(0);
}

}  // namespace frpx::library
