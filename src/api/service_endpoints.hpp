// What the clients expose, and what was promised to them.
#pragma once

#include <boost/asio/awaitable.hpp>

#include "api/server_view.hpp"
#include "http/message.hpp"

namespace frpx::api {

// Each answers one route of rest_routes().
boost::asio::awaitable<http::response> list_services(server_view* server, http::request asked);
/// The same, by client.
boost::asio::awaitable<http::response> list_tunnels(server_view* server, http::request asked);
http::response list_leases(server_view& server, const http::request& asked);
/// By the lease's name, or by its port. 404: there is none; 503: its store does not answer.
boost::asio::awaitable<http::response> release_lease(server_view* server, http::request asked);

}  // namespace frpx::api
