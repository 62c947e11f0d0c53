// What Prometheus reads.
#pragma once

#include <boost/asio/awaitable.hpp>

#include "api/server_view.hpp"
#include "http/message.hpp"

namespace frpx::api {

/// At most so many clients have series of their own.
inline constexpr std::size_t most_client_series = 1000;

/// The server's figures as core/exposition.hpp writes them; the one answer below this API that is
/// no JSON.
boost::asio::awaitable<http::response> metrics(server_view* server);

}  // namespace frpx::api
