// A connection to the server's proxy port.
#pragma once

#include <boost/asio/awaitable.hpp>

#include <chrono>
#include <memory>

#include "net/socket.hpp"
#include "net/worker.hpp"
#include "wire/frpx_command.hpp"

namespace frpx::client {

/// Connects to `proxy` on worker `on`, within `patience`, and says what the connection is for; what
/// it carries comes behind that. Errors: those of dialling, the system's.
boost::asio::awaitable<result<std::unique_ptr<net::socket>>> connect_proxy(
    net::worker& on, net::endpoint proxy, wire::command purpose,
    std::chrono::milliseconds patience);

}  // namespace frpx::client
