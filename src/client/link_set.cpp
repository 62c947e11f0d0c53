#include "client/link_set.hpp"

#include <algorithm>
#include <utility>

#include "client/local_dial.hpp"
#include "client/proxy_connection.hpp"
#include "core/log.hpp"
#include "net/wakeup.hpp"

namespace frpx::client {

namespace asio = boost::asio;

namespace {

constexpr std::size_t receive_size = 256 * 1024;
constexpr std::uint32_t early = 32 * 1024;
constexpr std::uint64_t credit_bound = 1ull << 30;  // what all links may promise together, in bytes

}  // namespace

link_set::link_set(net::worker& on, exposed_services& services, stream_set& streams,
                   datagram_set& datagrams, stream_limits limits)
    : on_(on),
      services_(services),
      streams_(streams),
      datagrams_(datagrams),
      limits_(limits),
      receive_buffer_(std::make_unique_for_overwrite<std::byte[]>(receive_size)),
      credit_(credit_bound),
      tasks_(on.loop()) {}

link_set::~link_set() = default;

void link_set::begin(net::endpoint proxy, std::function<void(wire::link_failed)> say_failed) {
  proxy_ = std::move(proxy);
  say_failed_ = std::move(say_failed);
}

void link_set::order(const wire::open_links& wanted) {
  for (const uuid& id : wanted.ids) {
    if (links_.size() + tasks_.size() >= most_links) {
      say_failed_({id, "too many links"});
    } else if (!draining_) {
      tasks_.spawn(bring(id));
    }
  }
}

asio::awaitable<void> link_set::bring(uuid id) {
  const auto streams = static_cast<std::uint32_t>(std::min(limits_.streams, limits_.link_streams));
  const auto associations = static_cast<std::uint32_t>(datagrams_.most_streams());
  auto socket = co_await connect_proxy(
      on_, proxy_, wire::new_link{id, streams, early, associations}, limits_.server_connect);
  if (!socket) {
    say_failed_({id, socket.error().message()});
    co_return;
  }
  const link::options how{
      .streams = streams, .associations = associations, .early = early, .pool = &credit_};
  links_.push_back(std::make_unique<link::connection>(
      on_, std::move(*socket), link::role::client, how,
      bytes_span(receive_buffer_.get(), receive_size), owns_, *this));
  links_.back()->start({});
}

// The server wants a stream that carries bulk on a connection of its own. If that cannot be had,
// the stream stays where it is.
void link_set::on_link_move(link::connection&, link::linked_stream& stream,
                            const uuid& one_time_id) {
  if (owns_.expect(stream, one_time_id, steady_clock::now())) tasks_.spawn(bring_own(one_time_id));
}

asio::awaitable<void> link_set::bring_own(uuid id) {
  auto socket = co_await connect_proxy(on_, proxy_, wire::new_proxy_conn{id.to_string()},
                                       limits_.server_connect);
  const auto stream = owns_.take(id, steady_clock::now());
  if (!socket) {
    say_failed_({id, socket.error().message()});
  } else if (stream && *stream != nullptr) {
    (*stream)->take_own(std::move(*socket));
  }
}

std::optional<link::open_status> link_set::on_link_stream(
    link::connection&, std::unique_ptr<link::linked_stream> stream,
    const link::open_request& asked) {
  if (draining_) return link::open_status::draining;
  auto local = services_.find(asked.service);
  if (!local) return link::open_status::unknown_service;
  auto place = streams_.take_place();
  if (!place) return link::open_status::too_many;
  tasks_.spawn(serve(std::move(stream), std::move(local), std::move(*place)));
  return std::nullopt;
}

link::open_status link_set::on_link_datagrams(link::connection&,
                                              std::unique_ptr<link::linked_datagrams> stream,
                                              const link::open_request& asked) {
  if (draining_) return link::open_status::draining;
  auto local = services_.find(asked.service);
  if (!local) return link::open_status::unknown_service;
  const bool joined = datagrams_.join_datagrams(std::move(stream), std::move(local));
  return joined ? link::open_status::connected : link::open_status::too_many;
}

// Connects to the local service and joins the two; the server hears how it went.
asio::awaitable<void> link_set::serve(std::unique_ptr<link::linked_stream> stream,
                                      std::shared_ptr<local_service> local, stream_set::slot) {
  net::wakeup bell(on_.events());
  net::stream_watch watch(bell);
  stream->watch(&watch);
  turnstile::turn mine(streams_.connects(), bell);
  if (!co_await mine.comes(on_.timers(), limits_.local_connect)) {
    streams_.say_trouble("reach the local service in turn", make_error_code(net::errc::late));
    stream->answer(link::open_status::timed_out);
    co_return;
  }
  local_dial to_service(on_, bell, *local, limits_.local_connect);
  if (const error_code failed = co_await to_service.start()) {
    streams_.say_trouble("find the local service", failed);
    stream->answer(link::open_status::refused);
    co_return;
  }
  for (auto now = to_service.step(); now != dial::state::connected; now = to_service.step()) {
    if (now == dial::state::failed) {
      if (co_await to_service.start_again()) continue;
      streams_.say_trouble("reach the local service", to_service.error());
      stream->answer(to_service.error() == net::errc::late ? link::open_status::timed_out
                                                           : link::open_status::refused);
      co_return;
    }
    if (stream->error()) co_return;
    co_await bell.wait();
  }
  auto service = to_service.take();
  net::tune_stream(service->descriptor());
  stream->watch(nullptr);
  stream->answer(link::open_status::connected);
  streams_.join_streams(std::move(stream), std::move(service));
}

void link_set::on_link_gone(link::connection& which, error_code why) {
  if (why) log::debug("A link has gone: {}", why.message());
  std::erase_if(links_, [&](const auto& each) { return each.get() == &which; });
}

void link_set::drain() {
  draining_ = true;
  for (const auto& each : links_) each->end(link::goaway_code::drain);
}

void link_set::reset_all() {
  tasks_.cancel();
  owns_.reset_all();
  for (const auto& each : links_) each->end(link::goaway_code::session_over);
}

asio::awaitable<bool> link_set::join(steady_time until) {
  while (!links_.empty() && steady_clock::now() < until) {
    co_await net::pause(std::chrono::milliseconds(5));
  }
  co_return co_await tasks_.join(until) && links_.empty();
}

}  // namespace frpx::client
