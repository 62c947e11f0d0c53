// The REST API (docs/api.md).
#pragma once

#include <vector>

#include "api/access.hpp"
#include "api/server_view.hpp"
#include "http/message.hpp"
#include "http/router.hpp"

namespace frpx::api {

/// The routes below /api: all endpoints of the public frpx, with its fields and in its envelope;
/// and /metrics. `server` outlives them; they are served on the home worker.
std::vector<http::route> rest_routes(server_view& server);

/// The REST API behind its rules.
http::handler make_rest_api(server_view& server, access_rules rules);

}  // namespace frpx::api
