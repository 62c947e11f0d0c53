// The store that the options name.
#pragma once

#include <memory>
#include <string>

#include "config/options.hpp"
#include "store/store.hpp"

namespace frpx::server {

/// The URL of the database that the options mean.
std::string database_of(const config::frps_options& options);

/// Opens it, for `--demo` in memory with its known user and keys; makes the data folder if it is
/// needed. Throws start_error.
std::unique_ptr<store::store> start_store(const config::frps_options& options);

}  // namespace frpx::server
