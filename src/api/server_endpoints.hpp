// What the REST API tells of the server itself.
#pragma once

#include "api/server_view.hpp"
#include "http/message.hpp"

namespace frpx::api {

// Each answers one route of rest_routes().
http::response health(server_view& server, const http::request& asked);
http::response stats(server_view& server, const http::request& asked);
http::response connections(server_view& server, const http::request& asked);
http::response ports(server_view& server, const http::request& asked);

// These wait: for the other workers, or for the store (503 when it does not answer).
boost::asio::awaitable<http::response> pending_connections(server_view* server);
boost::asio::awaitable<http::response> active_tokens(server_view* server);

}  // namespace frpx::api
