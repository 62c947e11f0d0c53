// The configuration file: TOML (https://toml.io/en/v1.0.0), one key for each option.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "config/option.hpp"
#include "config/validate.hpp"

namespace frpx::config {

inline constexpr std::size_t largest_file = 1 << 20;

/// Sets the table's options from the text of a file and notes where each came from. Returns every
/// problem as `name:line: what is wrong`: an unknown key (with the nearest known one), a wrong
/// value, or text that is not TOML.
///
/// `services`: where `[[services]]` go, of a program that has any.
std::vector<std::string> read_toml(std::string_view text, std::string_view name,
                                   const option_table& table, origins& from,
                                   std::vector<service_entry>* services = nullptr);

/// The same for a file of at most `largest_file` bytes.
std::vector<std::string> read_file(const std::filesystem::path& path, const option_table& table,
                                   origins& from, std::vector<service_entry>* services = nullptr);

/// The table's values as a configuration file: what `--print-config` shows. Options that are not
/// set and secrets are comments.
std::string to_toml(const option_table& table, std::vector<service_entry> services = {});

}  // namespace frpx::config
