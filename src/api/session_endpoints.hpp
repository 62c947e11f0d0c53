// An operator's login.
#pragma once

#include <boost/asio/awaitable.hpp>

#include "api/server_view.hpp"
#include "http/message.hpp"

namespace frpx::api {

inline constexpr std::string_view session_path = "/api/session";

// Each answers one route of rest_routes().

/// `email` and `password` of a user who is viewer or admin; answers with the token to send from now
/// on. 401: they are wrong; 403: the user may only bring clients in; 429: too many wrong ones.
boost::asio::awaitable<http::response> log_in(server_view* server, http::request asked);
/// As whom the request was let in.
http::response show_session(server_view& server, const http::request& asked);
/// The token is worth nothing any more. 409: the request was not let in by one of a login.
boost::asio::awaitable<http::response> log_out(server_view* server, http::request asked);

}  // namespace frpx::api
