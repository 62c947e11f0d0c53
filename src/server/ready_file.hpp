// Tells whoever started the server that it serves.
#pragma once

#include <filesystem>

#include "api/server_view.hpp"
#include "core/result.hpp"

namespace frpx::server {

/// Writes `{"control":N,"proxy":N,"public":N,"api":N}` to `file`, whole or not at all (a temporary
/// file beside it, then a rename).
error_code write_ready_file(const std::filesystem::path& file, const api::listening_ports& ports);

}  // namespace frpx::server
