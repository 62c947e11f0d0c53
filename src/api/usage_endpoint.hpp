// What the REST API tells of what the keys used.
#pragma once

#include <boost/asio/awaitable.hpp>

#include "api/server_view.hpp"
#include "http/message.hpp"

namespace frpx::api {

/// `?by=key|client|model&from=...&to=...`; times as parse_moment() takes them.
boost::asio::awaitable<http::response> usage(server_view* server, http::request asked);

}  // namespace frpx::api
