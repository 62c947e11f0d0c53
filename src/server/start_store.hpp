// The store that the options name.
#pragma once

#include <memory>

#include "config/options.hpp"
#include "store/store.hpp"

namespace frpx::server {

/// Opens it, for `--demo` in memory with its known user and keys; makes the data folder if it is
/// needed. Throws start_error.
std::unique_ptr<store::store> start_store(const config::frps_options& options);

}  // namespace frpx::server
