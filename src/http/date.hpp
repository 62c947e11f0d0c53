// The field Date.
#pragma once

#include <string>

#include "core/clock.hpp"

namespace frpx::http {

/// IMF-fixdate (RFC 9110, 5.6.7): `Sun, 06 Nov 1994 08:49:37 GMT`. Its names are English in any
/// locale.
std::string date_of(wall_time time);

}  // namespace frpx::http
