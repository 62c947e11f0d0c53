// The tables in PostgreSQL, version by version.
#pragma once

#include <string>

#include "store/postgres/connection.hpp"

namespace frpx::store::pg {

/// The version that migrate() brings a database to; it stands in the table `frpx_schema`.
int newest_schema();

/// The version that the database has; 0: none of ours yet.
result<int> schema_of(connection& on, steady_time deadline);

/// Brings the tables to the newest version in one transaction, under an advisory lock that makes
/// others wait who do the same. An `api_keys` or `gpu_assets` that is there is left as it is.
/// Error: newer_schema.
result<void> migrate(connection& on, steady_time deadline);

}  // namespace frpx::store::pg
