// What can be changed while the server runs.
#pragma once

#include <boost/asio/awaitable.hpp>

#include "api/server_view.hpp"
#include "http/message.hpp"

namespace frpx::api {

// Each answers one route of rest_routes().
http::response show_log_level(server_view& server, const http::request& asked);
/// `level`: debug, info, warning or error. 400: it is none of them.
boost::asio::awaitable<http::response> set_log_level(server_view* server, http::request asked);
/// As SIGHUP does. 409: the configuration has a fault, and nothing was changed.
boost::asio::awaitable<http::response> reload(server_view* server, http::request asked);

}  // namespace frpx::api
