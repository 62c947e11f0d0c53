// The visitors of a UDP tunnel that one worker serves.
#pragma once

#include <atomic>
#include <memory>
#include <unordered_map>

#include "net/idle_list.hpp"
#include "net/udp_socket.hpp"
#include "tunnel/tunnel.hpp"

namespace frpx::tunnel {

class udp_visitor;

struct udp_options {
  std::chrono::milliseconds idle{60'000};  ///< Without a datagram either way, then it is forgotten.
  std::chrono::milliseconds stream{5'000};  ///< For one client's stream.
};

/// One socket of an outer port, and what is known of those who send to it. A visitor is an address:
/// its first datagram makes an association, which lasts until nothing has come either way for the
/// idle time.
///
/// When the tunnel is full, room is made: first by the oldest of those whom the service has never
/// answered, so that forged addresses push out one another and nobody who talks; then by the one
/// that has been silent longest, if that is 10 s or more. Else the newcomer's datagram is lost.
///
/// Belongs to its worker, which alone touches it. Destroying it ends its associations.
class udp_gate final : private net::udp_socket::receiver {
 public:
  udp_gate(std::shared_ptr<tunnel> of, net::worker& on, net::unique_fd fd, udp_options how,
           std::shared_ptr<const std::atomic<bool>> takes_visitors);
  ~udp_gate();
  udp_gate(const udp_gate&) = delete;
  udp_gate& operator=(const udp_gate&) = delete;

 private:
  friend class udp_visitor;
  using visitors = std::unordered_map<net::udp_endpoint, std::shared_ptr<udp_visitor>,
                                      net::udp_endpoint_hash, net::udp_endpoint_equal>;

  void on_datagram(const net::udp_route& from, bytes_view datagram) override;
  udp_visitor* find(const net::udp_endpoint& peer);
  udp_visitor* admit(const net::udp_route& from, steady_time now);
  bool make_room(steady_time now);
  std::shared_ptr<udp_visitor> share(const udp_visitor& which) const;
  void end(udp_visitor& which);

  const std::shared_ptr<tunnel> of_;
  net::worker& on_;
  const udp_options how_;
  const std::shared_ptr<const std::atomic<bool>> takes_visitors_;
  net::idle_list unanswered_;
  net::idle_list answered_;
  visitors visitors_;
  udp_visitor* latest_ = nullptr;  // most datagrams come in runs
  net::udp_socket socket_;
};

}  // namespace frpx::tunnel
