// How many files this process may have open.
#pragma once

#include <cstddef>

namespace frpx::net {

/// Kept free of visitors and streams, for logs, databases and what else a program opens.
inline constexpr std::size_t reserved_descriptors = 64;

/// Raises the limit on open files as far as this process may, and returns it.
std::size_t raise_descriptor_limit();

}  // namespace frpx::net
