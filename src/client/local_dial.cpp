#include "client/local_dial.hpp"

#include <algorithm>

namespace frpx::client {

namespace asio = boost::asio;

local_dial::local_dial(net::worker& on, net::wakeup& bell, local_service& service,
                       steady_clock::duration patience)
    : service_(service), until_(steady_clock::now() + patience), dial_(on, bell) {}

steady_clock::duration local_dial::left() const {
  return std::max(until_ - steady_clock::now(), steady_clock::duration::zero());
}

asio::awaitable<error_code> local_dial::start() {
  may_repeat_ = service_.known().has_value();
  auto addresses = co_await service_.find(left());
  if (!addresses) co_return addresses.error();
  dial_.start(std::move(*addresses), left());
  co_return error_code();
}

asio::awaitable<bool> local_dial::start_again() {
  const bool is_forgotten = service_.forget();
  if (!std::exchange(may_repeat_, false) || !is_forgotten) co_return false;
  if (left() == steady_clock::duration::zero()) co_return false;
  auto addresses = co_await service_.find(left());
  if (!addresses) co_return false;
  dial_.start(std::move(*addresses), left());
  co_return true;
}

}  // namespace frpx::client
