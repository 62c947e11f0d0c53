#include "core/log_level.hpp"

#include <utility>

namespace frpx::log {

namespace {
constexpr std::pair<std::string_view, level> levels[] = {
    {"trace", level::trace}, {"debug", level::debug}, {"info", level::info},
    {"warn", level::warn},   {"error", level::err},   {"off", level::off}};
}

std::optional<level> parse_level(std::string_view word) {
  for (const auto& [name, value] : levels) {
    if (name == word) return value;
  }
  return std::nullopt;
}

std::string_view to_string(level value) {
  for (const auto& [name, each] : levels) {
    if (each == value) return name;
  }
  return "error";  // spdlog's critical, which nobody sets
}

level lowest_level() {
  return spdlog::default_logger_raw()->level();
}

void set_lowest_level(level value) {
  spdlog::default_logger_raw()->set_level(value);
}

}  // namespace frpx::log
