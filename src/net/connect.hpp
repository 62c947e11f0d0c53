// Making a TCP connection.
#pragma once

#include <boost/asio/awaitable.hpp>

#include <memory>

#include "net/socket.hpp"
#include "net/worker.hpp"

namespace frpx::net {

/// Connects to `to` from a coroutine on worker `on`; `errc::late` after `patience`, else the
/// system's error.
boost::asio::awaitable<result<std::unique_ptr<socket>>> connect(worker& on, endpoint to,
                                                                steady_clock::duration patience);

/// Starts a connect and returns at once: the socket tells its watcher when it is decided, and
/// `take_connect_error` then says how.
std::unique_ptr<socket> start_connect(worker& on, const endpoint& to);

}  // namespace frpx::net
