// `frpc validate`, `reload`, `status` and `expose`, for command_line.cpp.
#pragma once

#include <CLI/CLI.hpp>

#include <list>
#include <string>
#include <vector>

#include "config/commands.hpp"
#include "config/services.hpp"

namespace frpx::config {

/// Beside the options: `command` is set by the subcommand that is given, and `service` by `expose`.
class frpc_subcommands {
 public:
  frpc_subcommands(CLI::App& app, common_requests& requests) : rows_(table_of(service)) {
    CLI::App* check = app.add_subcommand("validate", "Say what is wrong with a file, and end");
    check->add_option("file", file_, "The configuration file")->required();
    check->callback([this, &requests] {
      requests.config = file_;
      only_validates = true;
    });
    app.add_subcommand("reload", "Have the running client read its file again")->callback([this] {
      command = reload{};
    });
    CLI::App* asking = app.add_subcommand("status", "Tell how the running client's services are");
    asking->callback([this] { command = status{}; });
    add_expose(app);
    app.require_subcommand(0, 1);
  }

  /// Puts what `expose` said into the service; the problems.
  std::vector<std::string> apply() {
    std::vector<std::string> problems;
    for (const auto& [row, given] : given_) {
      if (given->count() == 0) continue;
      const std::string wrong = assign(*row, given->results().back());
      if (!wrong.empty()) problems.push_back("expose: " + wrong);
    }
    if (service.name.empty()) {
      service.name =
          std::string(to_string(service.kind)) + "-" + std::to_string(service.local_port);
      // A group's members share one name, and the public port tells clients apart by itself.
      const bool is_shared =
          !service.group.empty() || (service.kind == service_kind::http && service.outer_port == 0);
      service.is_unnamed = !is_shared;
    }
    service.where = "expose";
    return problems;
  }

  service_entry service;
  frpc_command command = serve{};
  bool only_validates = false;
  bool exposes = false;

 private:
  void add_expose(CLI::App& app) {
    CLI::App* made = app.add_subcommand("expose", "Expose one service, without a file");
    for (const option& row : rows_) {
      const bool is_positional = row.name == "kind" || row.name == "local-port";
      const std::string name = (is_positional ? "" : "--") + std::string(row.name);
      CLI::Option* given = made->add_option(name, texts_.emplace_back(), std::string(row.help));
      given->option_text(std::string(row.value));
      if (is_positional) given->required();
      given_.emplace_back(&row, given);
    }
    made->callback([this] { exposes = true; });
  }

  const option_table rows_;
  std::list<std::string> texts_;
  std::vector<std::pair<const option*, CLI::Option*>> given_;
  std::string file_;
};

}  // namespace frpx::config
