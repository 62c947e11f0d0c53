#include "keeper/frps_ranges.hpp"

#include <toml++/toml.h>
#include <yaml-cpp/yaml.h>

#include <boost/json/parse.hpp>

#include "core/file.hpp"

namespace frpx::keeper {
namespace {

constexpr std::size_t largest_file = 1 << 20;
constexpr const char* form = "must be a list of { start, end } or { single }, from 1 to 65535";

// One element of the list, in any notation; what is missing is nothing.
struct element {
  std::optional<std::int64_t> start;
  std::optional<std::int64_t> end;
  std::optional<std::int64_t> single;
};

std::optional<ports::range> range_of(const element& of) {
  const auto is_port = [](std::int64_t number) { return number >= 1 && number <= 65535; };
  const auto first = of.single.value_or(0) != 0 ? of.single : of.start;
  const auto last = of.single.value_or(0) != 0 ? of.single : of.end;
  if (!first || !last || !is_port(*first) || !is_port(*last) || *first > *last) return std::nullopt;
  return ports::range{static_cast<std::uint16_t>(*first), static_cast<std::uint16_t>(*last)};
}

// `get(i)` gives the i-th element, `place(i)` says where it stands.
template <class Get, class Place>
ranges_read read_list(std::size_t size, Get get, Place place) {
  if (size > ports::ranges::most) return {{}, "allowPorts has too many ranges"};
  std::vector<ports::range> list;
  for (std::size_t i = 0; i < size; ++i) {
    const auto range = range_of(get(i));
    if (!range) {
      return {{}, place(i) + "allowPorts, range " + std::to_string(i + 1) + ": " + form};
    }
    list.push_back(*range);
  }
  return {ports::ranges(std::move(list)), {}};
}

std::string in_line(std::size_t line) {
  return "line " + std::to_string(line) + ": ";
}

ranges_read from_toml(std::string_view text) {
  try {
    const toml::table root = toml::parse(text);
    const toml::node* const node = root.get("allowPorts");
    if (node == nullptr) return {};
    const auto line_of = [](const toml::node& of) { return in_line(of.source().begin.line); };
    const toml::array* const list = node->as_array();
    if (list == nullptr) return {{}, line_of(*node) + "allowPorts " + form};
    return read_list(
        list->size(),
        [&](std::size_t i) {
          const auto in = toml::node_view((*list)[i]);
          return element{in["start"].value<std::int64_t>(), in["end"].value<std::int64_t>(),
                         in["single"].value<std::int64_t>()};
        },
        [&](std::size_t i) { return line_of((*list)[i]); });
  } catch (const toml::parse_error& error) {
    return {{}, in_line(error.source().begin.line) + std::string(error.description())};
  }
}

ranges_read from_yaml(std::string_view text) {
  const auto line_of = [](const YAML::Node& of) {
    return in_line(static_cast<std::size_t>(of.Mark().line) + 1);
  };
  try {
    const YAML::Node root = YAML::Load(std::string(text));
    if (root.IsNull()) return {};
    if (!root.IsMap()) return {{}, "the text is no YAML mapping"};
    const YAML::Node node = root["allowPorts"];
    if (!node.IsDefined() || node.IsNull()) return {};
    if (!node.IsSequence()) return {{}, line_of(node) + "allowPorts " + form};
    return read_list(
        node.size(),
        [&](std::size_t i) {
          const YAML::Node in = node[i];
          if (!in.IsMap()) return element{};
          const auto number = [&](const char* name) -> std::optional<std::int64_t> {
            if (!in[name].IsDefined()) return std::nullopt;
            return in[name].as<std::int64_t>(-1);
          };
          return element{number("start"), number("end"), number("single")};
        },
        [&](std::size_t i) { return line_of(node[i]); });
  } catch (const YAML::Exception& error) {
    return {{}, in_line(static_cast<std::size_t>(error.mark.line) + 1) + error.msg};
  }
}

ranges_read from_json(std::string_view text) {
  boost::json::error_code failed;
  const auto root = boost::json::parse({text.data(), text.size()}, failed);
  if (failed) return {{}, "not JSON: " + failed.message()};
  if (!root.is_object()) return {{}, "the text is no JSON object"};
  const auto* const node = root.as_object().if_contains("allowPorts");
  if (node == nullptr || node->is_null()) return {};
  if (!node->is_array()) return {{}, std::string("allowPorts ") + form};
  const auto& list = node->as_array();
  return read_list(
      list.size(),
      [&](std::size_t i) {
        const auto number = [&](const char* name) -> std::optional<std::int64_t> {
          const auto* const in = list[i].if_object();
          const auto* const value = in == nullptr ? nullptr : in->if_contains(name);
          if (value == nullptr) return std::nullopt;
          return value->is_int64() ? value->as_int64() : -1;
        };
        return element{number("start"), number("end"), number("single")};
      },
      [](std::size_t) { return std::string(); });
}

std::string_view trimmed(std::string_view text) {
  constexpr std::string_view spaces = " \t\r";
  const auto first = text.find_first_not_of(spaces);
  if (first == text.npos) return {};
  return text.substr(first, text.find_last_not_of(spaces) - first + 1);
}

ranges_read from_ini(std::string_view text) {
  bool in_common = false;
  for (std::size_t line = 1; !text.empty(); ++line) {
    const auto end = std::min(text.find('\n'), text.size());
    const std::string_view content = trimmed(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
    if (content.starts_with('#') || content.starts_with(';')) continue;
    if (content.starts_with('[')) in_common = content == "[common]";
    const auto equals = content.find('=');
    if (!in_common || equals == content.npos ||
        trimmed(content.substr(0, equals)) != "allow_ports") {
      continue;
    }
    std::string problem;
    const auto value = trimmed(content.substr(equals + 1));
    if (value.empty()) return {};
    auto read = ports::ranges::parse(value, problem);
    if (!read) return {{}, in_line(line) + "allow_ports: " + problem};
    return {std::move(*read), {}};
  }
  return {};
}

}  // namespace

std::optional<config_format> format_of(const std::filesystem::path& file) {
  const std::string ending = file.extension().string();
  if (ending == ".toml") return config_format::toml;
  if (ending == ".yaml" || ending == ".yml") return config_format::yaml;
  if (ending == ".json") return config_format::json;
  if (ending == ".ini") return config_format::ini;
  return std::nullopt;
}

ranges_read read_ranges(std::string_view text, config_format as) {
  switch (as) {
    case config_format::toml:
      return from_toml(text);
    case config_format::yaml:
      return from_yaml(text);
    case config_format::json:
      return from_json(text);
    case config_format::ini:
      break;
  }
  return from_ini(text);
}

ranges_read read_ranges_of(const std::filesystem::path& file) {
  const auto problem = [&](const std::string& what) {
    return ranges_read{{}, file.string() + ": " + what};
  };
  const auto format = format_of(file);
  if (!format) return problem("must end with .toml, .yaml, .yml, .json or .ini");
  const auto text = read_file(file, largest_file);
  if (!text && text.error() == file_errc::too_large) return problem("is larger than 1 MiB");
  if (!text) return problem("cannot be read: " + text.error().message());
  auto read = read_ranges(*text, *format);
  return read.problem.empty() ? read : problem(read.problem);
}

}  // namespace frpx::keeper
