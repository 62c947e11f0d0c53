// `frps status`, `frps user` and so on, for command_line.cpp.
#pragma once

#include <CLI/CLI.hpp>

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "config/commands.hpp"
#include "core/duration.hpp"
#include "core/moment.hpp"
#include "core/words.hpp"

namespace frpx::config {

/// Beside the options: `command` is set by the subcommand that is given.
class frps_subcommands {
 public:
  explicit frps_subcommands(CLI::App& app) {
    add(&app, "status", "Tell what is up in the running server", {}, {},
        [this] { command = status{}; });
    add_users(group_of(app, "user", "Users, as whom clients log in"));
    add_keys(group_of(app, "key", "API keys, which let visitors in"));
    CLI::App* token = group_of(app, "token", "Tokens, by which clients come back");
    add(token, "list", "List the tokens", {}, {}, [this] { command = token_list{}; });
    add(token, "revoke", "Make a token invalid and end its client's session", "id",
        "The token's id", [this] { command = token_revoke{text_}; });
    CLI::App* client = group_of(app, "client", "Client ids, each of which belongs to a user");
    add(client, "list", "List the ids, whose they are, and when they were seen last", {}, {},
        [this] { command = client_list{}; });
    add(client, "forget", "Free an id: it will belong to the next user who brings it", "id",
        "The client's id", [this] { command = client_forget{text_}; });
    add_usage(app);
    CLI::App* db = group_of(app, "db", "The database");
    add(db, "status", "Say what it holds; changes nothing", {}, {},
        [this] { command = db_status{}; });
    add(db, "migrate", "Bring its tables up to date, as each start does", {}, {},
        [this] { command = db_migrate{}; });
    CLI::App* lease = group_of(app, "lease", "Leases, which promise outer ports to services");
    add(lease, "list", "List the leases", {}, {}, [this] { command = lease_list{}; });
    add(lease, "release", "End a lease", "service", "The service's name: account/name",
        [this] { command = lease_release{text_}; });
    app.require_subcommand(0, 1);
  }

  std::optional<frps_command> command;
  bool json = false;

 private:
  static constexpr const char* email_help = "The e-mail address";

  void add_users(CLI::App* user) {
    CLI::App* adding =
        add(user, "add", "Make a user; the password is asked for, or FRPX_PASSWORD", "email",
            email_help, [this] { command = user_add{text_, role_, ports_}; });
    add_role(adding, "--role");
    add_ports(adding, "--ports");
    add(user, "list", "List the users", {}, {}, [this] { command = user_list{}; });
    add(user, "remove", "Remove a user and their clients' tokens", "email", email_help,
        [this] { command = user_remove{text_}; });
    add(user, "passwd", "Change a user's password", "email", email_help,
        [this] { command = user_passwd{text_}; });
    CLI::App* changing = add(user, "role", "Change what a user may do", "email", email_help,
                             [this] { command = user_role{text_, role_}; });
    add_role(changing, "role")->required();
    CLI::App* giving = add(user, "ports", "Change which outer ports a user may have", "email",
                           email_help, [this] { command = user_ports{text_, ports_}; });
    add_ports(giving, "ports")->required();
    CLI::App* bounding = add(user, "leases", "Change how many outer ports a user may have at once",
                             "email", email_help, [this] { command = user_leases{text_, most_}; });
    bounding->add_option("most", most_, "A number, 0 for any number, or default: --max-leases")
        ->required()
        ->check([](const std::string& text) {
          return text == "default" || parse_number<std::uint32_t>(text)
                     ? std::string()
                     : "takes a number, or default";
        });
  }

  void add_keys(CLI::App* key) {
    CLI::App* adding =
        add(key, "add", "Make a key and print it, this once", "--name", "What the key is for",
            [this] { command = key_add{text_, owner_, life_of(expires_), limits_}; });
    add_life(adding, "How long it lasts, as 12h or 30d; 0: for ever [0]");
    adding->add_option("--owner", owner_, "Whose it is: a user's e-mail address")
        ->option_text("EMAIL");
    add_limits(adding);
    CLI::App* setting = add(key, "set", "Change a key's limits or end; running servers hear of it",
                            "key", "The key's id or name",
                            [this] { command = key_set{text_, life_of(expires_), limits_}; });
    add_life(setting, "How long it lasts from now on, as 12h or 30d; 0: for ever");
    add_limits(setting);
    add(key, "list", "List the keys", {}, {}, [this] { command = key_list{}; });
    add(key, "revoke", "Make a key invalid", "key", "The key's id or name",
        [this] { command = key_revoke{text_}; });
    add(key, "migrate", "Put hashes in the place of a public frpx database's plain keys", {}, {},
        [this] { command = key_migrate{}; });
  }

  void add_life(CLI::App* to, const char* help) {
    to->add_option("--expires", expires_, help)
        ->option_text("TIME")
        ->check([](const std::string& text) {
          return life_of(text) ? std::string() : "takes a time such as 12h or 30d";
        });
  }

  void add_limits(CLI::App* to) {
    to->add_option("--rpm", limits_.per_minute, "Requests per minute; 0: no limit")
        ->option_text("N");
    to->add_option("--max-inflight", limits_.at_once, "Requests at once; 0: no limit")
        ->option_text("N");
    add_names(to, "--models", limits_.models, "The only models it may use; \"\": any");
    add_names(to, "--clients", limits_.clients, "The only clients that may serve it; \"\": any");
  }

  static void add_names(CLI::App* to, const char* name,
                        std::optional<std::vector<std::string>>& names, const char* help) {
    to->add_option_function<std::string>(
          name,
          [&names](const std::string& text) {
            names.emplace();
            for (std::size_t at = 0; at < text.size();) {
              const std::size_t end = std::min(text.find(',', at), text.size());
              names->push_back(text.substr(at, end - at));
              at = end + 1;
            }
          },
          help)
        ->option_text("NAME,...");
  }

  void add_usage(CLI::App& app) {
    CLI::App* made = add(&app, "usage", "Tell what keys, clients and models were used for", {}, {},
                         [this] { command = usage_; });
    const auto is_moment = [](const std::string& text) {
      return parse_moment(text, wall_clock::now())
                 ? std::string()
                 : "takes a day or time like 2026-11-20, or how long ago, as 24h";
    };
    made->add_option("--by", usage_.by, "key, client or model [key]")
        ->option_text("WHAT")
        ->check(CLI::IsMember({"key", "client", "model"}));
    made->add_option("--from", usage_.from, "Hours that begin then or later [30d, that is, ago]")
        ->option_text("TIME")
        ->check(is_moment);
    made->add_option("--to", usage_.to, "Hours that begin before then [now]")
        ->option_text("TIME")
        ->check(is_moment);
  }

  static CLI::App* group_of(CLI::App& app, const char* name, const char* help) {
    CLI::App* made = app.add_subcommand(name, help);
    made->require_subcommand(1);
    return made;
  }

  template <class Then>
  CLI::App* add(CLI::App* to, const char* name, const char* help, const std::string& argument,
                const std::string& argument_help, Then then) {
    CLI::App* made = to->add_subcommand(name, help);
    if (!argument.empty()) made->add_option(argument, text_, argument_help)->required();
    made->add_flag("--json", json, "Answer as JSON");
    made->callback(then);
    return made;
  }

  CLI::Option* add_role(CLI::App* to, const char* name) {
    return to->add_option(name, role_, "client brings services, viewer sees, admin changes")
        ->option_text("ROLE")
        ->check(CLI::IsMember({"client", "viewer", "admin"}));
  }

  CLI::Option* add_ports(CLI::App* to, const char* name) {
    return to->add_option(name, ports_, "Outer ports of the user, like 9000-9099,10022; or any")
        ->option_text("PORTS");
  }

  static std::optional<std::chrono::seconds> life_of(std::string_view text) {
    if (text == "0") return std::chrono::seconds(0);
    const auto parsed = parse_duration(text);
    if (!parsed || *parsed < std::chrono::seconds(1)) return std::nullopt;
    return std::chrono::duration_cast<std::chrono::seconds>(*parsed);
  }

  std::string text_;
  std::string role_ = "client";
  std::string ports_ = "any";
  std::string most_;
  std::string owner_;
  std::string expires_;
  key_limits limits_;
  usage usage_;
};

}  // namespace frpx::config
