#include "tunnel/udp_gate.hpp"

#include "core/log.hpp"
#include "tunnel/udp_visitor.hpp"

namespace frpx::tunnel {
namespace {

// Whoever was heard of since then is not pushed out by a newcomer.
constexpr auto lively = std::chrono::seconds(10);

}  // namespace

udp_gate::udp_gate(std::shared_ptr<tunnel> of, net::worker& on, net::unique_fd fd, udp_options how,
                   std::shared_ptr<const std::atomic<bool>> takes_visitors)
    : of_(std::move(of)),
      on_(on),
      how_(how),
      takes_visitors_(std::move(takes_visitors)),
      unanswered_(on.timers(), how.idle),
      answered_(on.timers(), how.idle),
      socket_(on.udp(), std::move(fd), *this) {}

udp_gate::~udp_gate() {
  while (!visitors_.empty()) end(*visitors_.begin()->second);
}

void udp_gate::on_datagram(const net::udp_route& from, bytes_view datagram) {
  const steady_time now = steady_clock::now();
  udp_visitor* who = find(from.peer);
  if (who == nullptr) who = admit(from, now);
  if (who != nullptr) who->take(from, datagram, now);
}

udp_visitor* udp_gate::find(const net::udp_endpoint& peer) {
  if (latest_ != nullptr && net::udp_route::same_peer(latest_->peer(), peer)) return latest_;
  const auto found = visitors_.find(peer);
  if (found == visitors_.end()) return nullptr;
  return latest_ = found->second.get();
}

// A new visitor's association; null when it may not come.
udp_visitor* udp_gate::admit(const net::udp_route& from, steady_time now) {
  static log::rate_limit limiter(1);
  if (!takes_visitors_->load(std::memory_order_relaxed)) return nullptr;
  if (!of_->what().admits(from.peer.address())) {
    if (limiter.pass()) {
      log::warn("port {}: {} turned away, its address is not allowed{}", of_->port(),
                net::to_string(from.peer), limiter.more());
    }
    return nullptr;
  }
  if (!of_->enter() && !(make_room(now) && of_->enter())) {
    on_.udp().losses().count(net::udp_loss::limit);
    if (limiter.pass()) {
      log::warn("port {}: {} turned away, the tunnel is full{}", of_->port(),
                net::to_string(from.peer), limiter.more());
    }
    return nullptr;
  }
  const auto fresh = std::make_shared<udp_visitor>(*this, from);
  visitors_.emplace(from.peer, fresh);
  return latest_ = fresh.get();
}

bool udp_gate::make_room(steady_time now) {
  if (!of_->is_full()) return false;  // it serves nobody any more, however many leave
  net::idle_list::member* gone = unanswered_.oldest();
  if (gone == nullptr) {
    gone = answered_.oldest();
    if (gone == nullptr || now - gone->last() < lively) return false;
  }
  end(static_cast<udp_visitor&>(*gone));
  return true;
}

std::shared_ptr<udp_visitor> udp_gate::share(const udp_visitor& which) const {
  return visitors_.find(which.peer())->second;
}

void udp_gate::end(udp_visitor& which) {
  const auto found = visitors_.find(which.peer());
  const auto gone = std::move(found->second);
  visitors_.erase(found);
  if (latest_ == gone.get()) latest_ = nullptr;
  gone->end();
}

}  // namespace frpx::tunnel
