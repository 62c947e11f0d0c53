// The log: standard error, one event a line, each line valid UTF-8 without control characters.
#pragma once

#include <spdlog/spdlog.h>

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "core/clock.hpp"

namespace frpx::log {

using level = spdlog::level::level_enum;
enum class format { text, json };

/// Sends the log to standard error in the given form. Called once, by a program's main.
void start(level lowest, format form);

/// A log of its own for a part of a process: what an embedded server or client says goes to the
/// callback, one line at a time, and nowhere else. No callback: nowhere.
class sink {
 public:
  using callback = std::function<void(level, std::string_view)>;
  explicit sink(callback to);
  sink(sink&&) = delete;
  ~sink();
  /// From now on the lines go there. Any thread.
  void redirect(callback to);
  /// From now on the lines of the calling thread go here. It must outlive the thread's last line.
  void take_this_thread();

 private:
  class callback_sink;
  const std::shared_ptr<callback_sink> out_;
  const std::unique_ptr<spdlog::logger> logger_;
};

/// Set by sink::take_this_thread; null: the program's log.
inline thread_local spdlog::logger* diverted = nullptr;

/// Where the calling thread's lines go.
inline spdlog::logger& here() {
  return diverted != nullptr ? *diverted : *spdlog::default_logger_raw();
}

/// Logs an event of that level. Whatever stands in the arguments (a path, a name, an error of a
/// peer), the line remains one line that no terminal obeys: see printable().
void write(level at, fmt::string_view text, fmt::format_args args);

template <class... Args>
void debug(spdlog::format_string_t<Args...> text, Args&&... args) {
  write(level::debug, text, fmt::make_format_args(args...));
}
template <class... Args>
void info(spdlog::format_string_t<Args...> text, Args&&... args) {
  write(level::info, text, fmt::make_format_args(args...));
}
template <class... Args>
void warn(spdlog::format_string_t<Args...> text, Args&&... args) {
  write(level::warn, text, fmt::make_format_args(args...));
}
template <class... Args>
void error(spdlog::format_string_t<Args...> text, Args&&... args) {
  write(level::err, text, fmt::make_format_args(args...));
}

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
