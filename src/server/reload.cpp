#include "server/reload.hpp"

#include "config/option.hpp"
#include "core/log.hpp"
#include "core/log_level.hpp"

namespace frpx::server {
namespace {

// The options in which two differ. What is not shown of a secret is compared as well.
std::vector<std::string> differences(config::frps_options& left, config::frps_options& right) {
  const auto was = config::table_of(left);
  const auto is = config::table_of(right);
  std::vector<std::string> names;
  for (std::size_t i = 0; i < was.size(); ++i) {
    const auto* const old_secret = std::get_if<secret*>(&was[i].to);
    const bool same = old_secret != nullptr ? **old_secret == **std::get_if<secret*>(&is[i].to)
                                            : config::show(was[i]) == config::show(is[i]);
    if (!same) names.emplace_back(was[i].name);
  }
  return names;
}

}  // namespace

api::reload_report reload(config::frps_options& running, const option_reader& read_again) {
  if (!read_again) return {.problem = "This server was not started from a configuration"};
  auto read = read_again();
  if (const auto* problem = std::get_if<std::string>(&read)) {
    log::error("the configuration is not applied: {}", *problem);
    return {.problem = *problem};
  }
  auto& fresh = std::get<config::frps_options>(read);
  api::reload_report done;
  for (std::string& name : differences(running, fresh)) {
    if (name == "log-level") {
      log::set_lowest_level(fresh.log_level);
      running.log_level = fresh.log_level;
      done.applied.push_back(std::move(name));
    } else {
      done.needs_restart.push_back(std::move(name));
    }
  }
  log::info("the configuration was read anew: {} options applied, {} wait for the next start",
            done.applied.size(), done.needs_restart.size());
  return done;
}

}  // namespace frpx::server
