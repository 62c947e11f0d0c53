// What the REST API tells of clients, and does to them.
#pragma once

#include "api/server_view.hpp"
#include "http/message.hpp"

namespace frpx::api {

// Each answers one route of rest_routes(); `{id}` is the request's first parameter.
http::response list_clients(server_view& server, const http::request& asked);
http::response show_client(server_view& server, const http::request& asked);
http::response client_status(server_view& server, const http::request& asked);
http::response client_heartbeat(server_view& server, const http::request& asked);
http::response client_models(server_view& server, const http::request& asked);
http::response all_models(server_view& server, const http::request& asked);
http::response unserved_models(server_view& server, const http::request& asked);
http::response all_monitoring(server_view& server, const http::request& asked);
http::response client_monitoring(server_view& server, const http::request& asked);
/// `?for=60s`: how long the id is refused.
boost::asio::awaitable<http::response> disconnect_client(server_view* server, http::request asked);
boost::asio::awaitable<http::response> drain_client(server_view* server, http::request asked);
boost::asio::awaitable<http::response> undrain_client(server_view* server, http::request asked);

}  // namespace frpx::api
