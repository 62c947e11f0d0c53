#include "host/proc.hpp"

#include <algorithm>
#include <charconv>
#include <string>

namespace frpx::host {
namespace {

std::optional<std::uint64_t> take_number(std::string_view& text) {
  text.remove_prefix(std::min(text.find_first_not_of(' '), text.size()));
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc()) return std::nullopt;
  text.remove_prefix(static_cast<std::size_t>(end - text.data()));
  return number;
}

std::optional<std::uint64_t> field(std::string_view text, std::string_view name) {
  const std::size_t at = text.starts_with(name) ? 0 : text.find("\n" + std::string(name));
  if (at == text.npos) return std::nullopt;
  text.remove_prefix(at + name.size() + (at == 0 ? 0 : 1));
  return take_number(text);
}

float percent(std::uint64_t part, std::uint64_t whole) {
  return static_cast<float>(100.0 * static_cast<double>(part) / static_cast<double>(whole));
}

}  // namespace

std::optional<cpu_times> parse_cpu_times(std::string_view stat) {
  constexpr std::string_view label = "cpu ";
  constexpr std::size_t idle = 3, iowait = 4, counted = 8;  // user nice system idle iowait irq ...
  if (!stat.starts_with(label)) return std::nullopt;
  stat = stat.substr(label.size(), stat.find('\n') - label.size());
  cpu_times times;
  for (std::size_t i = 0; i < counted; ++i) {
    const auto ticks = take_number(stat);
    if (!ticks && i <= idle) return std::nullopt;
    if (!ticks) break;  // kernels before 2.6 have fewer
    times.total += *ticks;
    if (i != idle && i != iowait) times.busy += *ticks;
  }
  return times;
}

std::optional<float> parse_memory_usage(std::string_view meminfo) {
  const auto total = field(meminfo, "MemTotal:");
  const auto available = field(meminfo, "MemAvailable:");
  if (!total || !available || *total == 0) return std::nullopt;
  return percent(*total - std::min(*available, *total), *total);
}

}  // namespace frpx::host
