// The tables of the embedded database, version by version.
#pragma once

#include "store/sqlite/connection.hpp"

namespace frpx::store {

/// The version that migrate_sqlite() brings a database to, kept in `PRAGMA user_version`.
int newest_sqlite_schema();

/// Brings the tables to the newest version in one transaction, whose lock makes others wait who do
/// the same. Error: newer_schema.
result<void> migrate_sqlite(connection& on);

/// Changes nothing. Errors: older_schema, newer_schema.
result<void> refuse_older_sqlite(connection& on);

}  // namespace frpx::store
