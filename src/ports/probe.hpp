// Is a port of this machine in use?
#pragma once

#include <cstdint>

#include "ports/lease.hpp"

namespace frpx::ports {

/// Whether another socket of this machine holds the port, on any address: found by binding it, for
/// some microseconds. False when that cannot be told (no privilege for the port, no descriptor).
bool is_port_taken(std::uint16_t port, transport over);

}  // namespace frpx::ports
