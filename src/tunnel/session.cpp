#include "tunnel/session.hpp"

#include "net/framed_datagrams.hpp"

namespace frpx::tunnel {

boost::asio::awaitable<result<std::unique_ptr<net::datagram_stream>>> session::open_datagrams(
    net::worker& on, stream_wish wish) {
  auto stream = co_await open(on, wish);
  if (!stream) co_return stream.error();
  co_return std::make_unique<net::framed_datagrams>(on, std::move(*stream));
}

}  // namespace frpx::tunnel
