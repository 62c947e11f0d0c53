// The store and the shared cache that the options name.
#pragma once

#include <memory>
#include <string>

#include "cache/redis/redis_cache.hpp"
#include "config/options.hpp"
#include "store/store.hpp"

namespace frpx::server {

/// The URL of the database that the options mean.
std::string database_of(const config::frps_options& options);

/// How a store is opened: by a server, which can wait for one that is away; by a command, which
/// cannot; or to be looked at, without any change to its tables.
enum class store_use { serve, command, look };

/// Opens it, for `--demo` in memory with its known user and keys; makes the data folder if it is
/// needed. Throws start_error.
std::unique_ptr<store::store> start_store(const config::frps_options& options, store_use use);

/// The shared cache in front of `store`; null if none is named. Throws start_error when the URL is
/// not one. Does not connect yet.
std::unique_ptr<cache::redis_cache> start_cache(const config::frps_options& options,
                                                const store::store& store);

}  // namespace frpx::server
