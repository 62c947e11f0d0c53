// `frp-port-keeper lease`, for command_line.cpp.
#pragma once

#include <CLI/CLI.hpp>

#include <string>

#include "config/commands.hpp"

namespace frpx::config {

/// Beside the options: `command` is set by the subcommand that is given.
class keeper_subcommands {
 public:
  explicit keeper_subcommands(CLI::App& app) {
    CLI::App* lease = app.add_subcommand("lease", "Leases, which promise ports to proxies");
    lease->require_subcommand(1);
    CLI::App* list = lease->add_subcommand("list", "List the leases");
    list->add_flag("--json", json, "Answer as JSON");
    list->callback([this] { command = lease_list{}; });
    CLI::App* release = lease->add_subcommand("release", "End a lease");
    release->add_option("proxy", text_, "The proxy's name, with its user's prefix")->required();
    release->add_flag("--json", json, "Answer as JSON");
    release->callback([this] { command = lease_release{text_}; });
    CLI::App* in = lease->add_subcommand("import", "Read the public port keeper's data");
    in->add_option("path", text_, "Its file, or its folder gokv")->required();
    add_format(in);
    in->callback([this] { command = lease_import{text_, format_}; });
    CLI::App* out = lease->add_subcommand("export", "Write the public port keeper's data");
    out->add_option("path", text_, "The file or folder; standard output if there is none");
    add_format(out);
    out->callback([this] { command = lease_export{text_, format_}; });
    app.require_subcommand(0, 1);
  }

  keeper_command command = serve{};
  bool json = false;

 private:
  void add_format(CLI::App* to) {
    to->add_option("--format", format_, "json or gokv [json]")
        ->option_text("FORMAT")
        ->check(CLI::IsMember({"json", "gokv"}));
  }

  std::string text_;
  std::string format_ = "json";
};

}  // namespace frpx::config
