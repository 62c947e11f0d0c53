// Keys, users and tokens: made, listed, changed and revoked.
#pragma once

#include <boost/asio/awaitable.hpp>

#include "api/server_view.hpp"
#include "http/message.hpp"

namespace frpx::api {

// Each answers one route of rest_routes() with what the verb of that name in identity/commands.hpp
// says in JSON; `{id}` is the request's first parameter. Whatever changes something is written to
// the log with who asked for it.
//
// 400: a value is not valid; 404: there is no such row; 409: there is one already; 503: the store
// does not answer, and whether the change was made is not known.

boost::asio::awaitable<http::response> list_keys(server_view* server, http::request asked);
/// `name`, and `user`, `expires`, `rpm`, `max_inflight`, `models`, `clients`.
boost::asio::awaitable<http::response> make_key(server_view* server, http::request asked);
/// `expires` and the limits among them.
boost::asio::awaitable<http::response> change_key(server_view* server, http::request asked);
boost::asio::awaitable<http::response> revoke_key(server_view* server, http::request asked);

/// The e-mail addresses, or with `details=true` the rows.
boost::asio::awaitable<http::response> list_users(server_view* server, http::request asked);
boost::asio::awaitable<http::response> show_user(server_view* server, http::request asked);
/// `email`, `password`, and `role`, `ports`.
boost::asio::awaitable<http::response> make_user(server_view* server, http::request asked);
/// `role`, `ports` or `password`.
boost::asio::awaitable<http::response> change_user(server_view* server, http::request asked);
boost::asio::awaitable<http::response> remove_user(server_view* server, http::request asked);

boost::asio::awaitable<http::response> list_tokens(server_view* server, http::request asked);
boost::asio::awaitable<http::response> revoke_token(server_view* server, http::request asked);

boost::asio::awaitable<http::response> list_client_ids(server_view* server, http::request asked);
boost::asio::awaitable<http::response> forget_client_id(server_view* server, http::request asked);

}  // namespace frpx::api
