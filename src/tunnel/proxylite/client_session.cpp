#include "tunnel/proxylite/client_session.hpp"

#include <algorithm>

#include "tunnel/proxylite/carrier.hpp"
#include "tunnel/proxylite/dialect.hpp"

namespace frpx::tunnel::proxylite {

namespace asio = boost::asio;

namespace {

/// A visitor's bell among those that wait, for as long as it waits.
class queued {
 public:
  queued(std::vector<net::wakeup*>& among, net::wakeup& bell) : among_(among), bell_(bell) {
    among_.push_back(&bell_);
  }
  queued(const queued&) = delete;
  ~queued() { std::erase(among_, &bell_); }

 private:
  std::vector<net::wakeup*>& among_;
  net::wakeup& bell_;
};

}  // namespace

// The port is bound before the client hears of it, so a visitor may be faster than the connection.
asio::awaitable<result<std::unique_ptr<net::stream>>> client_session::open(net::worker& on,
                                                                           stream_wish wish) {
  if (carrier_ == nullptr && !dropped_) {
    net::wakeup bell(on.events());
    net::alarm late(on.timers(), bell);
    const queued place(waiting_, bell);
    late.set_in(wish.patience);
    while (carrier_ == nullptr && !dropped_ && !late.rang()) co_await bell.wait();
  }
  if (carrier_ == nullptr) co_return make_error_code(dropped_ ? errc::session_gone : errc::late);
  co_return carrier_->open(wish);
}

void client_session::carry(carrier& by) {
  carrier_ = &by;
  for (net::wakeup* each : waiting_) each->ring();
  if (told_to_end_) by.end();
}

void client_session::drop() {
  alive = false;
  carrier_ = nullptr;
  dropped_ = true;
  for (net::wakeup* each : waiting_) each->ring();
}

void client_session::end(const std::string&) {
  owner_.end_session(on_, facts().number);
}

void client_session::tunnel_ended(const service&, error_code) {
  owner_.end_session(on_, facts().number);
}

void client_session::end_carrier() {
  told_to_end_ = true;
  if (carrier_ != nullptr) carrier_->end();
}

}  // namespace frpx::tunnel::proxylite
