// The ranges of ports in a configuration of the public frp server.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

#include "ports/ranges.hpp"

namespace frpx::keeper {

enum class config_format { toml, yaml, json, ini };

/// By the name's ending; `.yml` is YAML too. Nothing for others.
std::optional<config_format> format_of(const std::filesystem::path& file);

/// What a configuration says: no ranges where it names none, which to frp means every port.
struct ranges_read {
  ports::ranges allowed;
  std::string problem;  ///< Empty, or what is wrong and where, without the file's name.
};

/// Reads `allowPorts = [{ start = 2000, end = 3000 }, { single = 3001 }]` in TOML, the same in YAML
/// and JSON, and `[common] allow_ports = 2000-3000,3001` in INI. The rest of the text is frp's own
/// and is not judged, as long as it has the form.
ranges_read read_ranges(std::string_view text, config_format as);

/// The same from a file of at most 1 MiB; the problem then begins with its name.
ranges_read read_ranges_of(const std::filesystem::path& file);

}  // namespace frpx::keeper
