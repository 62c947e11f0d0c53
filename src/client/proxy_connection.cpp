#include "client/proxy_connection.hpp"

#include "client/dial.hpp"
#include "net/wakeup.hpp"

namespace frpx::client {

namespace asio = boost::asio;

asio::awaitable<result<std::unique_ptr<net::socket>>> connect_proxy(
    net::worker& on, net::endpoint proxy, wire::command purpose,
    std::chrono::milliseconds patience) {
  net::wakeup bell(on.events());
  net::stream_watch watch(bell);
  dial to_server(on, bell);
  to_server.start({std::move(proxy)}, patience);
  for (auto now = to_server.step(); now != dial::state::connected; now = to_server.step()) {
    if (now == dial::state::failed) co_return to_server.error();
    co_await bell.wait();
  }
  auto socket = to_server.take();
  net::tune_stream(socket->descriptor());
  socket->watch(&watch);
  const std::string frame = wire::encode(purpose);
  for (auto left = as_bytes(frame); !left.empty();) {
    const auto sent = socket->write(left);
    if (sent.state == net::io_state::failed) co_return socket->error();
    if (sent.state == net::io_state::moved) {
      left = left.subspan(sent.bytes);
    } else {
      co_await bell.wait();
    }
  }
  socket->watch(nullptr);
  co_return socket;
}

}  // namespace frpx::client
