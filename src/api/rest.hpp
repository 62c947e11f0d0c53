// The REST API (docs/api.md).
#pragma once

#include <vector>

#include "api/server_view.hpp"
#include "core/secret.hpp"
#include "http/message.hpp"
#include "http/router.hpp"

namespace frpx::api {

/// The routes below /api: all endpoints of the public frpx, with its fields and in its envelope;
/// and /metrics. `server` outlives them; they are served on the home worker.
std::vector<http::route> rest_routes(server_view& server);

/// The REST API behind its guard (see http::guard for what an empty `token` means).
http::handler make_rest_api(server_view& server, secret token);

}  // namespace frpx::api
