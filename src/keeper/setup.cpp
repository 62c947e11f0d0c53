#include "keeper/setup.hpp"

#include "config/command_line.hpp"
#include "config/environment.hpp"
#include "core/log.hpp"
#include "keeper/frps_ranges.hpp"
#include "keeper/public_data.hpp"
#include "ports/probe.hpp"

namespace frpx::keeper {
namespace {

constexpr auto store_patience = std::chrono::seconds(5);
constexpr const char* found_here[] = {"frps.toml", "frps.yaml", "frps.ini"};

ports::ranges every_port() {
  log::warn("no range of ports is named: giving every port of {}; pass --allow-ports",
            ports::ranges::largest_text);
  std::string problem;
  return *ports::ranges::parse(ports::ranges::largest_text, problem);
}

std::filesystem::path frps_config_here() {
  std::error_code failed;
  for (const char* const name : found_here) {
    if (std::filesystem::is_regular_file(name, failed)) return name;
  }
  return {};
}

void import_from(const std::filesystem::path& from, data_format as, ports::leases& into) {
  auto read = read_public_data(from, as);
  if (!read) throw start_error(from.string() + ": " + read.error());
  std::size_t count = 0;
  const auto done = into.apply([&](ports::lease_draft& draft) -> result<ports::lease> {
    count = enter(read->ports, draft, wall_clock::now(), read->complaints);
    return ports::lease{};
  });
  if (!done) throw start_error(from.string() + ": " + done.error().message());
  log::info("{} leases were imported from {} ({})", count, from.string(), to_string(as));
  for (const std::string& line : read->complaints) log::warn("{}: {}", from.string(), line);
}

}  // namespace

ports::ranges ranges_from(const config::port_list& text, const char* option) {
  if (text.text.empty()) return every_port();
  std::string problem;
  auto read = ports::ranges::parse(text.text, problem);
  if (!read) throw start_error(std::string(option) + ": " + problem, config::exit_usage);
  return std::move(*read);
}

ports::ranges choose_ranges(const config::keeper_options& options) {
  if (!options.allow_ports.text.empty()) return ranges_from(options.allow_ports, "--allow-ports");
  const auto file = options.frps_config.empty() ? frps_config_here() : options.frps_config;
  if (file.empty()) return every_port();
  auto read = read_ranges_of(file);
  if (!read.problem.empty()) throw start_error(read.problem, config::exit_usage);
  if (read.allowed.empty()) return every_port();
  log::info("ports {} as {} says", read.allowed.to_string(), file.string());
  return std::move(read.allowed);
}

std::string database_of(const config::keeper_options& options) {
  if (!options.database_url.empty()) return options.database_url.reveal();
  if (!options.db_path.empty()) {
    return "sqlite:" + (options.db_path.parent_path() / "frp-port-keeper.db").string();
  }
  if (const auto problem = config::prepare_data_dir(options.data_dir); !problem.empty()) {
    throw start_error(problem);
  }
  return "sqlite:" + (options.data_dir / "keeper.db").string();
}

ports::lease_options lease_options_of(const config::keeper_options& options) {
  ports::lease_options with;
  with.by.allowed = choose_ranges(options);
  with.by.share_tcp_udp = options.share_tcp_udp;
  with.by.strict = options.strict;
  with.by.most_per_user = options.max_leases;
  if (options.probe) with.by.is_taken = ports::is_port_taken;
  with.expire_after = options.expire_after;
  return with;
}

std::unique_ptr<ports::leases> open_leases(const std::string& url, ports::lease_options with) {
  auto store = ports::open_leases(url, {.timeout = store_patience});
  if (!store) throw start_error(store.error().text);
  auto started = ports::leases::start(std::move(*store), std::move(with));
  if (!started) throw start_error("the leases cannot be read: " + started.error().message());
  const auto now = (*started)->look();
  log::info("{} leases, {} ports are free", now.leases, now.free_ports);
  if (now.outside != 0) {
    log::warn("{} leases lie outside of the ranges now; they are kept (see: lease list)",
              now.outside);
  }
  return std::move(*started);
}

void import_public_data(const config::keeper_options& options, ports::leases& into) {
  std::error_code failed;
  if (into.look().leases != 0) return;
  if (!options.db_path.empty() && std::filesystem::is_regular_file(options.db_path, failed)) {
    import_from(options.db_path, data_format::json, into);
  } else if (std::filesystem::is_directory("gokv", failed)) {
    import_from("gokv", data_format::gokv, into);
  }
}

}  // namespace frpx::keeper
