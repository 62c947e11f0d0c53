// The embedding program's logger as a log of ours.
#pragma once

#include <frpx/service.hpp>

#include "core/log.hpp"

namespace frpx::library {

inline log::sink::callback as_callback(logger to) {
  if (!to) return nullptr;
  return [to = std::move(to)](log::level how, std::string_view line) {
    to(how >= log::level::err    ? log_level::error
       : how == log::level::warn ? log_level::warning
       : how == log::level::info ? log_level::info
                                 : log_level::debug,
       line);
  };
}

}  // namespace frpx::library
