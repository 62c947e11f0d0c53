// The keeper's figures for Prometheus.
#pragma once

#include <string>

#include "keeper/endpoint.hpp"
#include "ports/leases.hpp"

namespace frpx::keeper {

/// As core/exposition.hpp writes it.
std::string metrics_text(const ports::leases::figures& leases, const counts& answers);

}  // namespace frpx::keeper
