/// @file
/// Questions to a server without a client of one's own.
#pragma once

#include <frpx/result.hpp>
#include <frpx/service.hpp>

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace frpx {

/// The ports that the server at `address` would give now, in ascending order. Blocks, at most for
/// `timeout`. Any thread. Errors: bad_argument, unreachable, timed_out, unexpected_answer,
/// token_refused: a server with a token is asked by a tunnel_client that has it.
result<std::vector<std::uint16_t>> ask_free_ports(
    const std::string& address,
    std::chrono::milliseconds timeout = std::chrono::milliseconds(10'000));

/// The services of the server at `address` whose name begins with `prefix`. As above.
result<std::vector<service_info>> discover_services(
    const std::string& address, std::string_view prefix = {},
    std::chrono::milliseconds timeout = std::chrono::milliseconds(10'000));

}  // namespace frpx
