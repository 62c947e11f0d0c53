#include "client/turnstile.hpp"

namespace frpx::client {

namespace asio = boost::asio;

turnstile::turn::turn(turnstile& of, net::wakeup& bell) : of_(of), bell_(bell) {
  place_ = of_.waiting_.insert(of_.waiting_.end(), this);
  of_.admit();
}

turnstile::turn::~turn() {
  if (has_come_) {
    --of_.inside_;
    of_.admit();
  } else {
    of_.waiting_.erase(place_);
  }
}

asio::awaitable<bool> turnstile::turn::comes(net::timers& clock, steady_clock::duration patience) {
  net::alarm late(clock, bell_);
  late.set_in(patience);
  while (!has_come_ && !late.rang()) co_await bell_.wait();
  co_return has_come_;
}

void turnstile::admit() {
  while (inside_ < most_ && !waiting_.empty()) {
    turn& next = *waiting_.front();
    waiting_.pop_front();
    ++inside_;
    next.has_come_ = true;
    next.bell_.ring();
  }
}

}  // namespace frpx::client
