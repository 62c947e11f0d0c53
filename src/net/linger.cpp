#include "net/linger.hpp"

#include <algorithm>
#include <utility>

namespace frpx::net {

boost::asio::awaitable<void> lingering_close(worker& on, stream& with, wakeup& bell,
                                             const bool& draining, linger_limits limits) {
  with.finish();
  alarm late(on.timers(), bell);
  steady_time heard = steady_clock::now();
  steady_time end = heard + limits.whole;
  bool hurried = false;
  for (std::size_t dropped = 0; dropped < limits.bytes;) {
    const steady_time now = steady_clock::now();
    if (draining && !std::exchange(hurried, true)) {
      end = std::min(end, now + longest_linger_when_draining);
    }
    const steady_time until = std::min(end, heard + limits.silence);
    if (now >= until) co_return;
    const auto got = with.read(on.scratch());
    if (got.state == io_state::moved) {
      heard = now;
      dropped += got.bytes.size();
    } else if (got.state == io_state::blocked) {
      late.set(until);
      co_await bell.wait();
    } else {
      co_return;
    }
  }
}

}  // namespace frpx::net
