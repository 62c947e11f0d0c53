#include "tunnel/frpx/dialect.hpp"

#include "core/hex.hpp"
#include "core/log.hpp"
#include "net/wakeup.hpp"
#include "tunnel/frpx/control_connection.hpp"
#include "wire/frame.hpp"
#include "wire/frpx_command.hpp"

namespace frpx::tunnel::frpx_dialect {

namespace asio = boost::asio;

dialect::dialect(surroundings around, options how)
    : around_(around),
      options_(how),
      pending_control_(how.most_pending),
      pending_proxy_(how.most_pending),
      credit_(how.link_credit) {
  for (std::size_t i = 0; i < around_.workers.size(); ++i) {
    net::worker& each = around_.workers.at(i);
    streams_.push_back(std::make_unique<proxy_streams>(each));
    links_.push_back(std::make_unique<links>(
        each, credit_, options_.move_after, [this, i](std::uint64_t session) {
          around_.workers.home().run_here_or_post([this, session, i] { order_link(session, i); });
        }));
  }
}

dialect::~dialect() = default;

void dialect::accept_control(net::worker& on, net::accepted one) {
  auto ticket = pending_control_.enter();
  if (!ticket) return refuse("control", one.peer);
  on.tasks().spawn(serve_control(std::move(one), std::move(*ticket)));
}

void dialect::accept_proxy(net::worker& on, net::accepted one) {
  auto ticket = pending_proxy_.enter();
  if (!ticket) return refuse("proxy", one.peer);
  proxy_connections_.fetch_add(1, std::memory_order_relaxed);
  on.tasks().spawn(serve_proxy(on, std::move(one), std::move(*ticket)));
}

void dialect::refuse(const char* port, const net::endpoint& peer) {
  static log::rate_limit limiter(1);
  if (!limiter.pass()) return;
  log::warn("{} port: {} turned away, {} connections wait without a login (--max-pending){}", port,
            net::to_string(peer), options_.most_pending, limiter.more());
}

asio::awaitable<void> dialect::serve_control(net::accepted one, net::admission::ticket ticket) {
  control_connection connection(*this, std::move(one), std::move(ticket));
  co_await connection.run();
}

// Reads the one frame of a proxy connection, and hands the connection to the worker that waits.
asio::awaitable<void> dialect::serve_proxy(net::worker& on, net::accepted one,
                                           net::admission::ticket ticket) {
  const net::admission::ticket held = std::move(ticket);
  net::wakeup bell(on.events());
  net::stream_watch watch(bell);
  net::alarm late(on.timers(), bell);
  net::socket socket(on.events(), std::move(one.fd));
  socket.watch(&watch);
  late.set_in(options_.first_frame);

  wire::frame_reader reader;
  for (;;) {
    const auto frame = reader.next();
    if (!frame) break;
    if (*frame) {
      const auto arrival = wire::parse_command(**frame);
      if (arrival && bring(*arrival, socket, reader.rest())) co_return;
      break;
    }
    const auto got = socket.read(reader.prepare());
    if (got.state == net::io_state::moved) {
      reader.commit(got.bytes.size());
    } else if (got.state != net::io_state::blocked || late.rang()) {
      break;
    } else {
      co_await bell.wait();
    }
  }
  static log::rate_limit limiter;
  if (limiter.pass()) {
    log::warn("proxy port: {} brought no valid stream id and was closed{}",
              net::to_string(one.peer), limiter.more());
  }
}

// Hands the connection to the worker that its id names; false when it names none.
bool dialect::bring(const wire::command& arrival, net::socket& from, bytes_view behind) {
  const auto* link = std::get_if<wire::new_link>(&arrival);
  const auto* stream = std::get_if<wire::new_proxy_conn>(&arrival);
  const auto id = link     ? std::optional(link->link_id)
                  : stream ? uuid::parse(stream->proxy_conn_id)
                           : std::nullopt;
  if (!id || id->worker() >= around_.workers.size()) return false;
  const std::size_t worker = id->worker();
  const auto carried = std::make_shared<net::unique_fd>(from.release());
  around_.workers.at(worker).run_here_or_post(
      [this, worker, id = *id, link = link ? std::optional(*link) : std::nullopt, carried,
       behind = std::vector<std::byte>(behind.begin(), behind.end())] {
        const bool taken = link ? links_[worker]->present(*link, std::move(*carried), behind)
                                : links_[worker]->present_own(id, *carried, behind) ||
                                      streams_[worker]->present(id, std::move(*carried), behind);
        static log::rate_limit limiter;
        if (!taken && limiter.pass()) {
          log::warn("proxy port: nobody waits for {}{}", fingerprint(id.to_string()),
                    limiter.more());
        }
      });
  return true;
}

void dialect::order(std::uint64_t session, const uuid& id,
                    std::optional<wire::request_service_conn> about) {
  const auto found = connections_.find(session);
  if (found != connections_.end() && about) {
    about->proxy_conn_id = id.to_string();
    return found->second->send(*about);
  }
  if (found != connections_.end()) {
    return found->second->send(wire::request_new_proxy_conn{id.to_string()});
  }
  around_.workers.at(id.worker()).run_here_or_post([this, session, id] {
    streams_[id.worker()]->end_session(session);
  });
}

uuid dialect::expect_link(std::uint64_t session, std::size_t worker) {
  const uuid id = uuid::make_for_worker(worker);
  around_.workers.at(worker).run_here_or_post(
      [this, session, worker, id] { links_[worker]->expect(session, id); });
  return id;
}

void dialect::order_links(std::uint64_t session) {
  wire::open_links order;
  for (std::size_t i = 0; i < links_.size(); ++i) order.ids.push_back(expect_link(session, i));
  const auto found = connections_.find(session);
  if (found != connections_.end()) found->second->send(order);
}

void dialect::order_link(std::uint64_t session, std::size_t worker) {
  const auto found = connections_.find(session);
  if (found == connections_.end()) return;
  found->second->send(wire::open_links{{expect_link(session, worker)}});
}

void dialect::link_failed(const uuid& id) {
  if (id.worker() >= links_.size()) return;
  around_.workers.at(id.worker()).run_here_or_post([this, id] { links_[id.worker()]->failed(id); });
}

std::size_t dialect::pending() const {
  std::size_t sum = 0;
  for (const auto& each : streams_) sum += each->pending();
  return sum;
}

std::size_t dialect::links_up() const {
  std::size_t sum = 0;
  for (const auto& each : links_) sum += each->up();
  return sum;
}

void dialect::enter(std::uint64_t session, control_connection& connection) {
  connections_.emplace(session, &connection);
  sessions_ = connections_.size();
}

void dialect::leave(std::uint64_t session) {
  connections_.erase(session);
  sessions_ = connections_.size();
  for (std::size_t i = 0; i < streams_.size(); ++i) {
    around_.workers.at(i).run_here_or_post([this, i, session] {
      links_[i]->end_session(session);
      streams_[i]->end_session(session);
    });
  }
}

}  // namespace frpx::tunnel::frpx_dialect
