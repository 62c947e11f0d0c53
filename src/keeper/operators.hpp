// What operators ask of the keeper.
#pragma once

#include <vector>

#include "core/json_writer.hpp"
#include "http/router.hpp"
#include "keeper/endpoint.hpp"
#include "ports/leases.hpp"

namespace frpx::keeper {

/// `GET /leases`, and `GET`, `PUT` and `DELETE /leases/{proxy}`. For behind a guard. `of` outlives
/// them.
std::vector<http::route> lease_routes(ports::leases& of);

/// `GET /ping`, `/healthz` and `/metrics`, which tell no names. Both outlive them.
std::vector<http::route> health_routes(ports::leases& of, const endpoint& served);

/// A lease as the API and the command line show it.
void write_lease(json_writer& json, const ports::lease& row);

std::string_view to_string(ports::use state);

}  // namespace frpx::keeper
