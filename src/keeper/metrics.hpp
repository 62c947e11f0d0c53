// The keeper's figures for Prometheus.
#pragma once

#include <string>
#include <string_view>

#include "keeper/endpoint.hpp"
#include "ports/leases.hpp"

namespace frpx::keeper {

inline constexpr std::string_view metrics_content_type = "text/plain; version=0.0.4; charset=utf-8";

/// The text format 0.0.4:
/// https://prometheus.io/docs/instrumenting/exposition_formats/#text-based-format
std::string metrics_text(const ports::leases::figures& leases, const counts& answers);

}  // namespace frpx::keeper
