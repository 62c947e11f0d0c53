// The file of an SQLite database, made and opened as all of ours are.
#pragma once

#include <string>

#include "store/sqlite/connection.hpp"
#include "store/store.hpp"

namespace frpx::store {

/// The error of a database's file, in a sentence that names it.
open_error file_error(const std::string& path, errc code, const std::string& detail = {});

/// Opens `path` for writing: makes it (mode 0600) and the folders that are missing (0700), writes
/// its log ahead and every transaction to the disk before it counts, and has `migrate` bring its
/// tables up to date. Blocks. Errors: cannot_open, newer_schema, and those of every call.
boost::system::result<connection, open_error> open_for_writing(
    const std::string& path, const open_options& options, result<void> (*migrate)(connection&));

}  // namespace frpx::store
