#include "config/file.hpp"

#include <toml++/toml.h>

#include <sstream>

#include "config/services.hpp"
#include "core/file.hpp"
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

// Reads `[[services]]`; what is wrong is said with its line.
class service_reader {
 public:
  service_reader(std::string_view name, std::vector<std::string>& problems)
      : name_(name), problems_(problems) {}

  void read(const toml::node& value, std::vector<service_entry>& into) {
    const auto* list = value.as_array();
    if (list == nullptr || !list->is_homogeneous<toml::table>()) {
      return add(value, "services must be a list of tables: [[services]]");
    }
    for (const toml::node& each : *list) {
      into.emplace_back();
      into.back().where = place(name_, each.source());
      read_one(*each.as_table(), into.back());
    }
  }

 private:
  void read_one(const toml::table& from, service_entry& into) {
    const option_table table = table_of(into);
    for (const auto& [key, value] : from) {
      if (key.str() == "allow") {
        read_list(value, "allow", into.allow);
      } else if (key.str() == "deny") {
        read_list(value, "deny", into.deny);
      } else if (key.str() == "metadata") {
        read_metadata(value, into);
      } else if (const option* row = find(table, key.str())) {
        const auto given = text_of(value);
        const std::string wrong =
            given ? assign(*row, *given)
                  : std::string(row->name) + " must be a text or a whole number";
        if (!wrong.empty()) add(value, wrong);
      } else {
        add(value,
            "unknown key \"" + shown(key.str()) + "\" of a service" + suggest(table, key.str()));
      }
    }
    if (!from.contains("local-port")) {
      add(from, "service \"" + shown(into.name) + "\": local-port is missing");
    }
  }

  void read_list(const toml::node& value, const std::string& key, std::vector<std::string>& into) {
    const auto* list = value.as_array();
    if (list == nullptr)
      return add(value, key + " must be a list of networks like [\"10.0.0.0/8\"]");
    for (const toml::node& each : *list) {
      const auto* text = each.as_string();
      if (text == nullptr)
        return add(each, key + " must be a list of networks like [\"10.0.0.0/8\"]");
      into.push_back(text->get());
    }
  }

  void read_metadata(const toml::node& value, service_entry& into) {
    const auto* table = value.as_table();
    if (table == nullptr) return add(value, "metadata must be a table like { owner = \"me\" }");
    for (const auto& [key, entry] : *table) {
      const auto text = text_of(entry);
      if (!text) return add(entry, "metadata must be texts, whole numbers, true or false");
      into.metadata.emplace_back(std::string(key.str()), *text);
    }
  }

  void add(const toml::node& at, const std::string& what) {
    problems_.push_back(place(name_, at.source()) + ": " + what);
  }

  const std::string_view name_;
  std::vector<std::string>& problems_;
};

std::string toml_list(const std::vector<std::string>& texts) {
  std::string out;
  for (const std::string& each : texts) out += (out.empty() ? "" : ", ") + toml_string(each);
  return "[" + out + "]";
}

void append_row(std::string& out, const option& row) {
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

void append_service(std::string& out, service_entry& each) {
  out += "\n[[services]]\n";
  for (const option& row : table_of(each)) append_row(out, row);
  out += "allow = " + toml_list(each.allow) + "\n";
  out += "deny = " + toml_list(each.deny) + "\n";
  std::string metadata;
  for (const auto& [name, value] : each.metadata) {
    metadata += (metadata.empty() ? "" : ", ") + toml_string(name) + " = " + toml_string(value);
  }
  out += "metadata = { " + metadata + " }\n";
}

}  // namespace

std::vector<std::string> read_toml(std::string_view text, std::string_view name,
                                   const option_table& table, origins& from,
                                   std::vector<service_entry>* services) {
  toml::table parsed;
  try {
    parsed = toml::parse(text, name);
  } catch (const toml::parse_error& e) {
    return {place(name, e.source()) + ": " + std::string(e.description())};
  }
  std::vector<std::string> problems;
  for (const auto& [key, value] : parsed) {
    const std::string where = place(name, key.source());
    if (services != nullptr && key.str() == "services") {
      service_reader(name, problems).read(value, *services);
      continue;
    }
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
                                   origins& from, std::vector<service_entry>* services) {
  const auto unreadable = [&](const std::string& why) {
    return std::vector{"--config " + path.string() + ": " + why};
  };
  std::error_code error;
  if (std::filesystem::is_directory(path, error)) return unreadable("is a folder, not a file");
  const auto text = frpx::read_file(path, largest_file);
  if (text) return read_toml(*text, path.string(), table, from, services);
  if (text.error() == file_errc::too_large) return unreadable("is larger than 1 MiB");
  return unreadable("cannot be read: " + text.error().message());
}

std::string to_toml(const option_table& table, std::vector<service_entry> services) {
  std::string out;
  for (const option& row : table) {
    if (row.in_file) append_row(out, row);
  }
  for (service_entry& each : services) append_service(out, each);
  return out;
}

}  // namespace frpx::config
