#include "tunnel/tcp_port.hpp"

#include "core/log.hpp"

namespace frpx::tunnel {
namespace {

void turn_away(const tunnel& from, net::accepted one, const char* why) {
  static log::rate_limit limiter(1);
  if (limiter.pass()) {
    log::warn("port {}: {} turned away, {}{}", from.port(), net::to_string(one.peer), why,
              limiter.more());
  }
  net::reset(std::move(one.fd));
}

// On the worker that is to own the visitor. Whatever it needs it holds, for it may come after the
// port was closed.
void accept(const std::shared_ptr<visitor_rings>& among, net::admission& places, net::worker& on,
            net::accepted one) {
  tunnel& to = among->of();
  if (!to.what().admits(one.peer.address())) {
    return turn_away(to, std::move(one), "its address is not allowed");
  }
  auto place = places.enter();
  if (!place) return turn_away(to, std::move(one), "too many visitors are connected");
  if (!to.enter()) return turn_away(to, std::move(one), "the tunnel is full");
  visitor::come(among, on, std::move(one), std::move(*place));
}

}  // namespace

tcp_port::tcp_port(std::shared_ptr<tunnel> of, net::worker_pool& workers, net::admission& places,
                   net::worker* only, tcp_options how)
    : visitors_(std::make_shared<visitor_rings>(std::move(of), workers.size(), how)),
      listener_(workers, only, [among = visitors_, &places](net::worker& on, net::accepted one) {
        accept(among, places, on, std::move(one));
      }) {}

}  // namespace frpx::tunnel
