#include "client/stream_set.hpp"

#include "client/local_dial.hpp"
#include "core/hex.hpp"
#include "net/wakeup.hpp"
#include "wire/frpx_command.hpp"

namespace frpx::client {

namespace asio = boost::asio;

namespace {

// What a server may send on a stream that is being refused; more, and the stream is reset.
constexpr std::size_t most_discarded = 1024 * 1024;

}  // namespace

// The server's side of a stream that is being opened: a connect, and the frame that names it.
struct stream_set::opening {
  opening(net::worker& on, const std::string& order)
      : bell(on.events()),
        watch(bell),
        to_server(on, bell),
        unsent(wire::encode(wire::new_proxy_conn{order})) {}

  // Moves the server's side on: connects, then sends the frame. An error is final.
  error_code step_server() {
    if (!server) {
      const dial::state now = to_server.step();
      if (now == dial::state::failed) return to_server.error();
      if (now == dial::state::connecting) return {};
      server = to_server.take();
      net::tune_stream(server->descriptor());
      server->watch(&watch);
    }
    while (!unsent.empty()) {
      const net::write_outcome written = server->write(as_bytes(unsent));
      if (written.state == net::io_state::failed) return server->error();
      if (written.state == net::io_state::blocked) return {};
      unsent.erase(0, written.bytes);
    }
    return {};
  }
  bool announced() const { return server && unsent.empty(); }

  net::wakeup bell;
  net::stream_watch watch;
  dial to_server;
  std::string unsent;
  std::unique_ptr<net::socket> server;
};

stream_set::stream_set(net::worker& on, exposed_services& services, stream_limits limits)
    : on_(on),
      services_(services),
      limits_(limits),
      connects_(limits.connecting),
      relays_(on.loop(), on.buffers(), on.scratch()),
      openings_(on.loop()) {}

void stream_set::begin(net::endpoint proxy, std::function<void()> on_idle) {
  proxy_ = std::move(proxy);
  on_idle_ = std::move(on_idle);
}

stream_set::slot::~slot() {
  if (of_ == nullptr) return;
  --counter_;
  of_->tell_if_idle();
}

std::optional<stream_set::slot> stream_set::take_place() {
  if (size() >= limits_.streams) return std::nullopt;
  return slot(*this, connecting_);
}

void stream_set::order(std::string id, std::string_view service) {
  auto local = services_.find(service);
  if (local && !draining_ && size() < limits_.streams) {
    openings_.spawn(serve(std::move(id), std::move(local), slot(*this, connecting_)));
  } else if (refusing_ < limits_.refusing) {
    openings_.spawn(refuse(std::move(id), slot(*this, refusing_)));
  } else if (trouble_.pass()) {
    log::warn("Too many streams: the server's order is left unanswered{}", trouble_.more());
  }
}

asio::awaitable<void> stream_set::serve(std::string id, std::shared_ptr<local_service> local,
                                        slot) {
  opening stream(on_, id);
  turnstile::turn mine(connects_, stream.bell);
  if (!co_await mine.comes(on_.timers(), limits_.server_connect)) {
    co_return say_trouble("open a stream in time", make_error_code(net::errc::late));
  }
  stream.to_server.start({proxy_}, limits_.server_connect);
  local_dial to_service(on_, stream.bell, *local, limits_.local_connect);
  const error_code not_found = co_await to_service.start();
  if (not_found) say_trouble("find the local service", not_found);
  bool service_failed{not_found};
  for (;;) {
    if (const error_code failed = stream.step_server()) {
      co_return say_trouble("reach the server's proxy port", failed);
    }
    if (!service_failed && to_service.step() == dial::state::failed) {
      if (co_await to_service.start_again()) continue;
      say_trouble("reach the local service", to_service.error());
      service_failed = true;
    }
    const bool decided = service_failed || to_service.step() == dial::state::connected;
    if (decided && stream.announced()) break;
    co_await stream.bell.wait();
  }
  if (service_failed) {
    co_await say_farewell(stream);
    co_return;
  }
  auto service = to_service.take();
  net::tune_stream(service->descriptor());
  log::debug("Stream {} joined", fingerprint(id));
  join_streams(std::move(stream.server), std::move(service));
}

asio::awaitable<void> stream_set::refuse(std::string id, slot) {
  opening stream(on_, id);
  stream.to_server.start({proxy_}, limits_.server_connect);
  while (!stream.announced()) {
    if (stream.step_server()) co_return;
    if (!stream.announced()) co_await stream.bell.wait();
  }
  co_await say_farewell(stream);
}

// Ends our direction and waits for the server to end its own: a reset might overtake the frame.
asio::awaitable<void> stream_set::say_farewell(opening& of) {
  net::alarm late(on_.timers(), of.bell);
  late.set_in(limits_.farewell);
  of.server->finish();
  for (std::size_t discarded = 0; discarded < most_discarded && !late.rang();) {
    const net::read_outcome read = of.server->read(on_.scratch());
    if (read.state == net::io_state::moved) {
      discarded += read.bytes.size();
    } else if (read.state == net::io_state::blocked) {
      co_await of.bell.wait();
    } else {
      co_return;
    }
  }
}

void stream_set::join_streams(std::unique_ptr<net::stream> from_server,
                              std::unique_ptr<net::stream> service) {
  relays_.start(std::move(from_server), std::move(service), this);
}

void stream_set::reset_all() {
  openings_.cancel();
  relays_.reset_all();
}

asio::awaitable<bool> stream_set::join(steady_time until) {
  const bool opened = co_await openings_.join(until);
  const bool relayed = co_await relays_.join(until);
  co_return opened&& relayed;
}

void stream_set::on_relay_end(net::relay&, const net::relay_report& report) {
  log::debug("Stream ended: {} bytes to the service, {} bytes from it{}{}", report.from_visitor,
             report.from_service, report.error ? ", " : "",
             report.error ? report.error.message() : "");
  if (on_idle_) on_idle_();
}

void stream_set::tell_if_idle() {
  if (size() == 0 && on_idle_) on_idle_();
}

void stream_set::say_trouble(const char* with, const error_code& why) {
  if (!trouble_.pass()) return;
  log::warn("Cannot {}: {}{}", with, why.message(), trouble_.more());
}

}  // namespace frpx::client
