// Who changed what.
#pragma once

#include <string_view>

#include "net/socket.hpp"

namespace frpx::api {

/// Writes a change to the log, one line each: `what` was done to `which`, who asked for it, and how
/// it ended. None of them holds a secret.
void log_change(std::string_view what, std::string_view which, const net::endpoint& by,
                std::string_view how_it_ended);

}  // namespace frpx::api
