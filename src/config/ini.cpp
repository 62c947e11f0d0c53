#include "config/ini.hpp"

#include <algorithm>
#include <charconv>

#include "core/file.hpp"
#include "core/names.hpp"

namespace frpx::config {
namespace {

std::string_view trimmed(std::string_view text) {
  constexpr std::string_view space = " \t\r";
  const auto first = text.find_first_not_of(space);
  if (first == text.npos) return {};
  return text.substr(first, text.find_last_not_of(space) - first + 1);
}

// Takes one line into the file; false when it is of no form.
bool take_line(std::string_view line, ini_file& into) {
  if (line.empty() || line.front() == '#' || line.front() == ';') return true;
  if (line.front() == '[') {
    if (line.back() != ']' || line.size() < 3) return false;
    into.sections.push_back({std::string(trimmed(line.substr(1, line.size() - 2))), {}});
    return true;
  }
  const auto equals = line.find('=');
  const std::string_view key = trimmed(line.substr(0, equals));
  if (equals == line.npos || key.empty() || into.sections.empty()) return false;
  into.sections.back().values.emplace_back(key, trimmed(line.substr(equals + 1)));
  return true;
}

}  // namespace

const std::string* ini_section::find(std::string_view key) const {
  const auto found = std::find_if(values.rbegin(), values.rend(),
                                  [&](const auto& each) { return each.first == key; });
  return found == values.rend() ? nullptr : &found->second;
}

std::string ini_section::text(std::string_view key, std::string_view otherwise) const {
  const std::string* const found = find(key);
  return found == nullptr ? std::string(otherwise) : *found;
}

std::vector<std::string> ini_section::keys_beside(std::span<const std::string_view> known) const {
  std::vector<std::string> others;
  for (const auto& [key, value] : values) {
    const bool is_known = std::ranges::find(known, key) != known.end();
    if (!is_known && std::ranges::find(others, key) == others.end()) others.push_back(key);
  }
  return others;
}

std::optional<std::uint16_t> ini_section::port(std::string_view key,
                                               std::uint16_t otherwise) const {
  const std::string* const found = find(key);
  if (found == nullptr) return otherwise;
  std::uint16_t number = 0;
  const auto [end, failed] = std::from_chars(found->data(), found->data() + found->size(), number);
  if (failed != std::errc() || end != found->data() + found->size()) return std::nullopt;
  return number;
}

const ini_section& ini_file::section(std::string_view name) const {
  static const ini_section none;
  const auto found = std::find_if(sections.begin(), sections.end(),
                                  [&](const ini_section& each) { return each.name == name; });
  return found == sections.end() ? none : *found;
}

std::optional<ini_file> ini_file::parse(std::string_view text, std::string& problem) {
  ini_file file;
  for (std::size_t number = 1; !text.empty(); ++number) {
    const auto end = std::min(text.find('\n'), text.size());
    const std::string_view line = trimmed(text.substr(0, end));
    text.remove_prefix(std::min(text.size(), end + 1));
    if (take_line(line, file)) continue;
    problem = "line " + std::to_string(number) + ": \"" + shown(line) +
              "\" is neither [section] nor key = value";
    return std::nullopt;
  }
  return file;
}

std::optional<ini_file> ini_file::read(const std::string& path, std::string& problem) {
  const auto text = read_file(path, longest);
  if (!text) {
    problem = path + ": cannot be read: " + text.error().message();
    return std::nullopt;
  }
  auto read = parse(*text, problem);
  if (!read) problem = path + ": " + problem;
  return read;
}

}  // namespace frpx::config
