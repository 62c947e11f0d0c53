#include "config/command_line.hpp"

#include <CLI/CLI.hpp>
#include <list>
#include <thread>

#include "config/file.hpp"
#include "config/frpc_subcommands.hpp"
#include "config/frps_subcommands.hpp"
#include "config/keeper_subcommands.hpp"
#include "config/option.hpp"
#include "config/services.hpp"

namespace frpx::config {
namespace {

// The command line of one program: its table as CLI11 options whose texts are kept, so that they
// can be applied last, after file and environment.
class command_line {
 public:
  command_line(const char* program, const char* purpose, const char* examples,
               const option_table& table)
      : app_(purpose, program), examples_(examples), table_(table) {
    app_.set_help_flag();  // added last, so that its group comes last in the help
    app_.get_formatter()->column_width(36);
    app_.option_defaults()->multi_option_policy(CLI::MultiOptionPolicy::TakeLast);
    app_.fallthrough();
    for (const option& row : table_) add(row);
    app_.set_help_flag("-h,--help", "Print this and end")
        ->group(std::string(title(group::general)));
    app_.set_version_flag("-V,--version", std::string(program) + " " FRPX_VERSION,
                          "Print the version and end")
        ->group(std::string(title(group::general)));
  }

  CLI::App& app() { return app_; }

  /// Reads the arguments; returns what to print when that is all there is to do.
  std::optional<finish> parse(std::vector<std::string> arguments) {
    std::reverse(arguments.begin(), arguments.end());  // CLI11 takes them from the back
    try {
      app_.parse(std::move(arguments));
      return std::nullopt;
    } catch (const CLI::CallForHelp&) {
      return finish{0, help(), {}};
    } catch (const CLI::CallForVersion& e) {
      return finish{0, std::string(e.what()) + "\n", {}};
    } catch (const CLI::ExtrasError&) {
      return failed({unexpected()});
    } catch (const CLI::ParseError& e) {
      return failed({e.what()});
    }
  }

  /// Applies what was given to the options.
  void apply(std::vector<std::string>& problems, origins& from) const {
    for (const auto& [row, given] : given_) {
      if (given->count() == 0) continue;
      const std::string wrong = assign(*row, given->results().back());
      if (!wrong.empty()) problems.push_back("--" + wrong);
      from.insert_or_assign(std::string(row->name), "--" + std::string(row->name));
    }
  }

  finish failed(const std::vector<std::string>& problems) const {
    std::string text;
    for (const std::string& problem : problems) text += app_.get_name() + ": " + problem + "\n";
    return {exit_usage, {}, text + "Try '" + app_.get_name() + " --help'.\n"};
  }

 private:
  void add(const option& row) {
    const std::string name = (row.letter.empty() ? "" : "-" + std::string(row.letter) + ",") +
                             "--" + std::string(row.name);
    const std::string help(row.help);
    CLI::Option* given = nullptr;
    if (row.value.empty()) {
      given = app_.add_flag(name, help);
    } else {
      const std::string standard(row.default_text.empty() ? show(row) : row.default_text);
      given = app_.add_option(name, texts_.emplace_back(), help);
      given->option_text(std::string(row.value));
      if (!standard.empty()) given->description(help + " [" + standard + "]");
    }
    given->group(std::string(title(row.in)));
    given_.emplace_back(&row, given);
  }

  // The help of what was asked about: the program or one of its subcommands.
  std::string help() {
    app_.footer(examples_);
    const CLI::App* asked = &app_;
    std::string parents;
    while (!asked->get_subcommands().empty()) {
      parents += (parents.empty() ? "" : " ") + asked->get_name();
      asked = asked->get_subcommands().front();
    }
    std::string text = asked->help(parents);
    // CLI11 ends each group with two empty lines.
    for (std::size_t at = 0; (at = text.find("\n\n\n", at)) != text.npos;) text.erase(at, 1);
    return text;
  }

  // The first argument that nothing takes, with the option that was perhaps meant.
  std::string unexpected() const {
    const std::vector<std::string> left = app_.remaining(true);
    for (const std::string& argument : left) {
      if (!argument.starts_with("-")) continue;
      const std::string name = argument.substr(argument.find_first_not_of('-'));
      return "unknown option " + argument.substr(0, argument.find('=')) +
             suggest(table_, name.substr(0, name.find('=')));
    }
    return "unexpected argument \"" + (left.empty() ? std::string() : left.front()) + "\"";
  }

  CLI::App app_;
  const char* examples_;
  const option_table& table_;
  std::list<std::string> texts_;
  std::vector<std::pair<const option*, CLI::Option*>> given_;
};

void apply_environment(const environment& env, const option_table& table,
                       std::vector<std::string>& problems, origins& from) {
  for (const option& row : table) {
    for (const std::string& variable : {std::string(row.also), variable_of(row)}) {
      const auto given = variable.empty() ? std::nullopt : env.get(variable);
      if (!given) continue;
      const std::string wrong = assign(row, *given);
      if (!wrong.empty()) problems.push_back(variable + ": " + wrong);
      from.insert_or_assign(std::string(row.name), variable);
    }
  }
}

// File, environment and command line, in this order. Returns every problem.
std::vector<std::string> apply_sources(const command_line& line, const environment& env,
                                       const option_table& table, const common_requests& requests,
                                       origins& from,
                                       std::vector<service_entry>* services = nullptr) {
  std::vector<std::string> problems;
  const auto apply_stronger = [&] {
    problems.clear();
    apply_environment(env, table, problems, from);
    line.apply(problems, from);
  };
  apply_stronger();  // they say which file to read
  if (requests.config.empty()) return problems;
  from.clear();
  std::vector<std::string> all = read_file(requests.config, table, from, services);
  apply_stronger();  // and win over what it says
  all.insert(all.end(), problems.begin(), problems.end());
  return all;
}

// The names of secrets that stand on the command line, where every user of the machine sees them.
std::string visible_secrets(const option_table& table, const origins& from) {
  std::string names;
  for (const option& row : table) {
    const auto said = from.find(row.name);
    const auto* const hidden = std::get_if<secret*>(&row.to);
    if (hidden == nullptr || said == from.end() || !said->second.starts_with("--")) continue;
    if (show(row) == (*hidden)->reveal()) continue;  // a URL that holds no password
    names += (names.empty() ? "--" : ", --") + std::string(row.name);
  }
  return names;
}

void note_visible_secrets(const option_table& table, const origins& from,
                          std::vector<std::string>& notes) {
  if (const std::string names = visible_secrets(table, from); !names.empty()) {
    notes.push_back(names +
                    " on the command line can be seen by every user of this machine; the "
                    "environment (FRPX_...) or a file hides it");
  }
}

void settle(frps_options& o, const environment& env) {
  if (o.data_dir.empty()) o.data_dir = default_data_dir(env);
  if (o.workers == 0) o.workers = std::clamp(std::thread::hardware_concurrency() / 2, 1U, 64U);
}

// What --demo changes, said aloud.
void settle_demo(frps_options& o, const origins& from, std::vector<std::string>& notes) {
  if (!o.demo) return;
  if (!from.contains("bind")) o.bind = "127.0.0.1";
  for (const auto& [name, url] :
       {std::pair{"database-url", &o.database_url}, std::pair{"redis-url", &o.redis_url}}) {
    if (url->empty()) continue;
    *url = secret();
    notes.push_back("--demo keeps everything in memory: " + from.at(name) + " is ignored");
  }
}

// What is to be done after all. Switches that go with something that was not given are problems.
frps_command choose(const frps_options& o, std::optional<frps_command> subcommand, bool json,
                    std::vector<std::string>& problems) {
  if (o.monitor && subcommand) problems.push_back("--monitor stands alone, without a subcommand");
  if (o.watch && !o.monitor) problems.push_back("--watch goes with --monitor");
  if (json && !o.monitor && !subcommand) {
    problems.push_back("--json goes with --monitor or a subcommand");
  }
  if (o.monitor) return monitor{o.watch};
  return std::move(subcommand).value_or(serve{});
}

bool asks_running_server(const frps_command& command) {
  return std::holds_alternative<monitor>(command) || std::holds_alternative<status>(command);
}

// The http service that stands for the local one, if the services have one. A client that exposes
// others alone serves nothing on the public port, unless its local service was named.
void settle(frpc_options& o, const origins& from) {
  if (o.services.empty()) return;
  const auto http = std::find_if(o.services.begin(), o.services.end(), [](const auto& each) {
    return each.kind == service_kind::http && each.outer_port == 0;
  });
  if (http != o.services.end()) {
    o.local_addr = http->local_addr;
    o.local_port = http->local_port;
  } else {
    o.serves_http = from.contains("local-port") || from.contains("local-addr");
  }
}

// What the public port keeper takes from its environment and has no option of one meaning here.
void settle(keeper_options& o, const environment& env) {
  if (o.frps_config.empty()) o.frps_config = env.get("FRPS_INI_PATH").value_or("");
  if (o.data_dir.empty()) o.data_dir = default_data_dir(env);
}

constexpr const char* keeper_examples =
    "Examples:\n"
    "  frp-port-keeper --allow-ports 6000-7000,8000-9000\n"
    "  frp-port-keeper --frps-config /etc/frp/frps.toml --database-url sqlite:keeper.db\n"
    "  frp-port-keeper lease list\n"
    "  frp-port-keeper lease import ./gokv --format gokv\n"
    "\n"
    "Each option can also be given as FRPX_NAME_OF_OPTION in the environment, or in the file as\n"
    "name-of-option = value. The command line wins over the environment, that over the file.";

constexpr const char* frps_examples =
    "Examples:\n"
    "  frps --demo                          try it out on this machine\n"
    "  frps user add me@example.com         the first user, for clients to log in as\n"
    "  frps key add --name laptop           the first API key, for visitors\n"
    "  frps --config /etc/frpx/frps.toml    serve as the file says\n"
    "  FRPX_API_TOKEN=... frps --api-bind 0.0.0.0\n"
    "  frps --monitor --watch               look at the running server's clients\n"
    "\n"
    "Each option can also be given as FRPX_NAME_OF_OPTION in the environment, or in the file as\n"
    "name-of-option = value. The command line wins over the environment, that over the file.";

constexpr const char* frpc_examples =
    "Examples:\n"
    "  frpc -s frpx.example.com                      Ollama on this machine, asks who you are\n"
    "  frpc -s frpx.example.com --local-port 8080    another local service\n"
    "  FRPX_PASSWORD=... frpc -c gpu-1 --email me@example.com\n"
    "  frpc --config frpc.toml                       the services that the file names\n"
    "  frpc expose tcp 22 --outer-port 9931          one service on a port of the server\n"
    "\n"
    "Each option can also be given as FRPX_NAME_OF_OPTION in the environment, or in the file as\n"
    "name-of-option = value. The command line wins over the environment, that over the file.";

}  // namespace

std::variant<finish, frps_run> read_frps(const std::vector<std::string>& arguments,
                                         const environment& env, const backends& built_in) {
  frps_run run;
  common_requests requests;
  option_table table = table_of(run.options);
  add_common(table, requests);
  command_line line("frps", "The public server: many clients behind one authenticated entry.",
                    frps_examples, table);
  frps_subcommands subcommands(line.app());
  if (auto end = line.parse(arguments)) return std::move(*end);

  origins from;
  std::vector<std::string> problems = apply_sources(line, env, table, requests, from);
  settle(run.options, env);
  run.json = run.options.json || subcommands.json;
  run.command = choose(run.options, std::move(subcommands.command), run.json, problems);
  auto more = asks_running_server(run.command) ? validate_api(run.options, from)
                                               : validate(run.options, from, built_in);
  std::move(more.begin(), more.end(), std::back_inserter(problems));
  if (!problems.empty()) return line.failed(problems);
  settle_demo(run.options, from, run.notes);
  note_visible_secrets(table, from, run.notes);
  if (requests.print_config) return finish{0, to_toml(table), {}};
  return run;
}

std::variant<finish, frpc_run> read_frpc(const std::vector<std::string>& arguments,
                                         const environment& env) {
  frpc_run run;
  common_requests requests;
  option_table table = table_of(run.options);
  add_common(table, requests);
  command_line line("frpc", "The client: makes a local service reachable through a server.",
                    frpc_examples, table);
  frpc_subcommands subcommands(line.app(), requests);
  if (auto end = line.parse(arguments)) return std::move(*end);

  origins from;
  auto& services = run.options.services;
  std::vector<std::string> problems = apply_sources(line, env, table, requests, from, &services);
  if (subcommands.exposes) {
    for (auto& problem : subcommands.apply()) problems.push_back(std::move(problem));
    services.push_back(subcommands.service);
    if (!run.options.client_id.empty()) complete_names(services, run.options.client_id);
  }
  settle(run.options, from);
  if (run.options.data_dir.empty()) run.options.data_dir = default_data_dir(env);
  for (auto& problem : validate(run.options, from)) problems.push_back(std::move(problem));
  for (auto& problem : validate(services)) problems.push_back(std::move(problem));
  if (!problems.empty()) return line.failed(problems);
  if (subcommands.only_validates) {
    return finish{0,
                  requests.config.string() + " is valid, with " + std::to_string(services.size()) +
                      " services\n",
                  {}};
  }
  note_visible_secrets(table, from, run.notes);
  if (requests.print_config) return finish{0, to_toml(table, services), {}};
  run.command = subcommands.command;
  return run;
}

std::variant<finish, keeper_run> read_keeper(const std::vector<std::string>& arguments,
                                             const environment& env, const backends& built_in) {
  keeper_run run;
  common_requests requests;
  option_table table = table_of(run.options);
  add_common(table, requests);
  command_line line("frp-port-keeper", "Gives each proxy of the public frp the same port for life.",
                    keeper_examples, table);
  keeper_subcommands subcommands(line.app());
  if (auto end = line.parse(arguments)) return std::move(*end);

  origins from;
  std::vector<std::string> problems = apply_sources(line, env, table, requests, from);
  settle(run.options, env);
  for (auto& problem : validate(run.options, from, built_in)) {
    problems.push_back(std::move(problem));
  }
  if (!problems.empty()) return line.failed(problems);
  note_visible_secrets(table, from, run.notes);
  if (requests.print_config) return finish{0, to_toml(table), {}};
  run.command = std::move(subcommands.command);
  run.json = subcommands.json;
  return run;
}

std::vector<std::string> arguments_of(int argc, const char* const* argv) {
  return {argv + std::min(argc, 1), argv + argc};
}

}  // namespace frpx::config
