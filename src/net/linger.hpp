// How a connection ends whose peer may still be sending.
#pragma once

#include <boost/asio/awaitable.hpp>

#include <chrono>
#include <cstddef>

#include "net/wakeup.hpp"
#include "net/worker.hpp"

namespace frpx::net {

struct linger_limits {
  std::chrono::milliseconds whole{30'000};   ///< From our end to the peer's.
  std::chrono::milliseconds silence{5'000};  ///< Without a byte of the peer's.
  std::size_t bytes = 64 * 1024 * 1024;      ///< That are read for nothing.
};

/// How long a peer is waited for at most while its server stops.
inline constexpr std::chrono::milliseconds longest_linger_when_draining{1'000};

/// Ends our direction and drops what the peer still sends, until it ends too. A socket that is
/// closed while the peer sends is reset, and a reset takes what the peer has not read yet: the very
/// answer that would tell it to stop (RFC 9112, 9.6).
///
/// Returns as well when the connection breaks or a limit is reached; the caller then closes it.
/// `bell` is rung by the stream and by whoever sets `draining`; all arguments outlive the call.
boost::asio::awaitable<void> lingering_close(worker& on, stream& with, wakeup& bell,
                                             const bool& draining, linger_limits limits);

}  // namespace frpx::net
