// Configuration files in frp's old INI form.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace frpx::config {

/// One `[name]` with its `key = value` lines, in the file's order.
struct ini_section {
  std::string name;
  std::vector<std::pair<std::string, std::string>> values;

  /// The value of that key, the last of several; null if there is none.
  const std::string* find(std::string_view key) const;
  std::string text(std::string_view key, std::string_view otherwise) const;
  /// The keys that are none of `known`, each once, in the file's order.
  std::vector<std::string> keys_beside(std::span<const std::string_view> known) const;
  /// A port; nothing when the value is none.
  std::optional<std::uint16_t> port(std::string_view key, std::uint16_t otherwise) const;
};

/// A whole file: at most `longest` bytes.
struct ini_file {
  static constexpr std::size_t longest = 1024 * 1024;

  std::vector<ini_section> sections;

  /// The section of that name, empty if there is none.
  const ini_section& section(std::string_view name) const;

  /// Sections, keys with values, empty lines, and comments that begin a line with `#` or `;`.
  /// Nothing when a line is none of that; `problem` then names it.
  static std::optional<ini_file> parse(std::string_view text, std::string& problem);
  /// The same, of a file; `problem` names the file too.
  static std::optional<ini_file> read(const std::string& path, std::string& problem);
};

}  // namespace frpx::config
