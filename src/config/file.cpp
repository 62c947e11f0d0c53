#include "config/file.hpp"

#include <toml++/toml.h>

#include <fstream>
#include <sstream>
#include <system_error>

#include "core/names.hpp"

namespace frpx::config {
namespace {

// A TOML value as the text that `assign` takes; nothing for arrays, tables, dates and fractions.
std::optional<std::string> text_of(const toml::node& value) {
  if (const auto* text = value.as_string()) return text->get();
  if (const auto* number = value.as_integer()) return std::to_string(number->get());
  if (const auto* flag = value.as_boolean()) return flag->get() ? "true" : "false";
  return std::nullopt;
}

std::string toml_string(std::string_view text) {
  const toml::value<std::string> value{std::string(text)};
  std::ostringstream out;
  out << toml::toml_formatter(value, toml::format_flags::none);
  return out.str();
}

bool is_bare_value(const option& row) {
  return std::holds_alternative<bool*>(row.to) || std::holds_alternative<std::uint16_t*>(row.to) ||
         std::holds_alternative<std::uint32_t*>(row.to);
}

std::string place(std::string_view name, const toml::source_region& where) {
  return std::string(name) + ":" + std::to_string(where.begin.line);
}

}  // namespace

std::vector<std::string> read_toml(std::string_view text, std::string_view name,
                                   const option_table& table, origins& from) {
  toml::table parsed;
  try {
    parsed = toml::parse(text, name);
  } catch (const toml::parse_error& e) {
    return {place(name, e.source()) + ": " + std::string(e.description())};
  }
  std::vector<std::string> problems;
  for (const auto& [key, value] : parsed) {
    const std::string where = place(name, key.source());
    const option* row = find(table, key.str());
    if (row == nullptr || !row->in_file) {
      problems.push_back(where + ": unknown key \"" + shown(key.str()) + "\"" +
                         suggest(table, key.str()));
      continue;
    }
    const auto given = text_of(value);
    const std::string wrong =
        given ? assign(*row, *given)
              : std::string(row->name) + " must be a text, a whole number or true or false";
    if (!wrong.empty()) problems.push_back(where + ": " + wrong);
    from.insert_or_assign(std::string(row->name), where);
  }
  return problems;
}

std::vector<std::string> read_file(const std::filesystem::path& path, const option_table& table,
                                   origins& from) {
  const auto unreadable = [&](const std::string& why) {
    return std::vector{"--config " + path.string() + ": " + why};
  };
  std::error_code error;
  if (std::filesystem::is_directory(path, error)) return unreadable("is a folder, not a file");
  std::ifstream file(path, std::ios::binary);
  if (!file) return unreadable("cannot be read: " + std::generic_category().message(errno));
  std::string text(largest_file + 1, '\0');
  file.read(text.data(), static_cast<std::streamsize>(text.size()));
  text.resize(static_cast<std::size_t>(file.gcount()));
  if (text.size() > largest_file) return unreadable("is larger than 1 MiB");
  return read_toml(text, path.string(), table, from);
}

std::string to_toml(const option_table& table) {
  std::string out;
  for (const option& row : table) {
    if (!row.in_file) continue;
    const std::string value = show(row);
    const std::string key(row.name);
    if (value.empty()) {
      out += "# " + key + " is not set\n";
    } else if (std::holds_alternative<secret*>(row.to)) {
      out += "# " + key + " = " + toml_string(value) + "\n";
    } else {
      out += key + " = " + (is_bare_value(row) ? value : toml_string(value)) + "\n";
    }
  }
  return out;
}

}  // namespace frpx::config
