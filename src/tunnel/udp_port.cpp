#include "tunnel/udp_port.hpp"

#include "net/udp_socket.hpp"

namespace frpx::tunnel {

udp_port::udp_port(std::shared_ptr<tunnel> of, net::worker_pool& workers, net::worker* only,
                   udp_options how)
    : of_(std::move(of)),
      workers_(workers),
      only_(only),
      options_(how),
      takes_visitors_(std::make_shared<std::atomic<bool>>(true)),
      gates_(workers.size()) {}

error_code udp_port::open(const std::string& address, std::uint16_t port) {
  std::vector<net::unique_fd> sockets;
  auto first = net::bind_udp(address, port);
  if (!first) return first.error();
  sockets.push_back(std::move(*first));
  while (only_ == nullptr && sockets.size() < workers_.size()) {
    auto further = net::share_udp(sockets.front());
    if (!further) return further.error();
    sockets.push_back(std::move(*further));
  }
  for (std::size_t i = 0; i < sockets.size(); ++i) {
    net::worker& on = only_ != nullptr ? *only_ : workers_.at(i);
    // What ends the gate comes behind this, so the port is still there.
    on.run_here_or_post([this, &on, fd = std::move(sockets[i])]() mutable {
      gates_[on.index()] =
          std::make_unique<udp_gate>(of_, on, std::move(fd), options_, takes_visitors_);
    });
  }
  return {};
}

}  // namespace frpx::tunnel
