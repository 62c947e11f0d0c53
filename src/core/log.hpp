// The log: standard error, one event a line.
#pragma once

#include <spdlog/spdlog.h>

#include <atomic>
#include <cstdint>
#include <string>

#include "core/clock.hpp"

namespace frpx::log {

using level = spdlog::level::level_enum;
enum class format { text, json };

/// Sends the log to standard error in the given form. Called once, by a program's main; a program
/// that embeds the library installs a callback instead.
void start(level lowest, format form);

using spdlog::debug;
using spdlog::error;
using spdlog::info;
using spdlog::warn;

/// Lets through a few events a second of a kind that an attacker may cause at will, and counts what
/// it withheld: `if (limiter.pass()) log::warn("...{}", limiter.more())`.
class rate_limit {
 public:
  explicit rate_limit(std::uint32_t per_second = 5) : per_second_(per_second) {}
  bool pass();
  /// To put behind a message: how many were withheld since the last call, ` (7 more)`, or nothing.
  std::string more();

 private:
  const std::uint32_t per_second_;
  std::atomic<std::int64_t> second_{0};
  std::atomic<std::uint32_t> passed_{0};
  std::atomic<std::uint64_t> withheld_{0};
};

}  // namespace frpx::log
