#include "net/connect.hpp"

#include <sys/socket.h>

#include <cerrno>

#include "net/error.hpp"
#include "net/wakeup.hpp"

namespace frpx::net {

namespace asio = boost::asio;

std::unique_ptr<socket> start_connect(worker& on, const endpoint& to) {
  unique_fd fd(::socket(to.protocol().family(), SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (fd && to.address().is_loopback()) tune_loopback(fd.get());
  error_code failed;
  if (!fd || (::connect(fd.get(), to.data(), static_cast<socklen_t>(to.size())) != 0 &&
              errno != EINPROGRESS)) {
    failed.assign(errno, boost::system::system_category());
  }
  return std::make_unique<socket>(on.events(), std::move(fd), false, failed);
}

asio::awaitable<result<std::unique_ptr<socket>>> connect(worker& on, endpoint to,
                                                         steady_clock::duration patience) {
  wakeup bell(on.events());
  stream_watch watch(bell);
  alarm late(on.timers(), bell);
  auto connecting = start_connect(on, to);
  connecting->watch(&watch);
  late.set_in(patience);
  while (!connecting->connect_decided() && !late.rang()) co_await bell.wait();
  if (!connecting->connect_decided()) co_return make_error_code(errc::late);
  if (const error_code failed = connecting->take_connect_error()) co_return failed;
  connecting->watch(nullptr);
  co_return connecting;
}

}  // namespace frpx::net
