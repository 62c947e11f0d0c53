#include "ports/ranges.hpp"

#include <algorithm>
#include <bitset>
#include <charconv>

#include "core/names.hpp"

namespace frpx::ports {
namespace {

std::string_view trimmed(std::string_view text) {
  constexpr std::string_view spaces = " \t";
  const auto first = text.find_first_not_of(spaces);
  if (first == text.npos) return {};
  return text.substr(first, text.find_last_not_of(spaces) - first + 1);
}

std::optional<std::uint16_t> parse_port(std::string_view text) {
  std::uint16_t port = 0;
  const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), port);
  if (failed != std::errc() || end != text.data() + text.size() || port == 0) return std::nullopt;
  return port;
}

// One range, or what is wrong with it.
std::optional<range> parse_range(std::string_view text, const char*& wrong) {
  const auto dash = text.find('-');
  const auto first = parse_port(trimmed(text.substr(0, dash)));
  const auto last = dash == text.npos ? first : parse_port(trimmed(text.substr(dash + 1)));
  if (!first || !last) {
    wrong = "is no port from 1 to 65535 and no range like 6000-7000";
    return std::nullopt;
  }
  if (*first > *last) {
    wrong = "goes downwards";
    return std::nullopt;
  }
  return range{*first, *last};
}

}  // namespace

std::optional<ranges> ranges::parse(std::string_view text, std::string& problem) {
  ranges read;
  for (std::size_t count = 1;; ++count) {
    const auto comma = text.find(',');
    const std::string_view item = trimmed(text.substr(0, comma));
    const char* wrong = nullptr;
    const auto one = parse_range(item, wrong);
    if (count > most) wrong = "is one range too many";
    if (wrong != nullptr) {
      problem = "\"" + shown(item) + "\" (range " + std::to_string(count) + ") " + wrong;
      return std::nullopt;
    }
    read.list_.push_back(*one);
    if (comma == text.npos) return read;
    text.remove_prefix(comma + 1);
  }
}

std::string ranges::to_string() const {
  std::string text;
  for (const range& each : list_) {
    if (!text.empty()) text += ',';
    text += std::to_string(each.first);
    if (each.last != each.first) text += '-' + std::to_string(each.last);
  }
  return text;
}

bool ranges::contains(std::uint32_t port) const {
  return std::any_of(list_.begin(), list_.end(),
                     [port](const range& each) { return each.first <= port && port <= each.last; });
}

std::vector<std::uint16_t> ranges::ports() const {
  std::vector<std::uint16_t> all;
  std::bitset<65536> seen;
  for (const range& each : list_) {
    for (std::uint32_t port = each.first; port <= each.last; ++port) {
      if (!seen.test(port)) all.push_back(static_cast<std::uint16_t>(port));
      seen.set(port);
    }
  }
  return all;
}

std::optional<std::string> kept_form(std::string_view ports_of_user, std::string& problem) {
  if (ports_of_user == "any") return std::string();
  const auto read = ranges::parse(ports_of_user, problem);
  if (!read) return std::nullopt;
  return read->to_string();
}

}  // namespace frpx::ports
