#include "config/command_line.hpp"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <fstream>

#include "config/file.hpp"
#include "config/services.hpp"
#include "core/random.hpp"
#include "tests/support/captured_log.hpp"

namespace frpx::config {
namespace {

namespace fs = std::filesystem;

const environment home{{{"HOME", "/home/me"}}, false};

environment with(std::map<std::string, std::string, std::less<>> variables) {
  variables.emplace("HOME", "/home/me");
  return {std::move(variables), false};
}

frps_run server(const std::vector<std::string>& arguments, const environment& env = home) {
  auto read = read_frps(arguments, env, {});
  if (const auto* end = std::get_if<finish>(&read)) {
    ADD_FAILURE() << end->to_stdout << end->to_stderr;
    return {};
  }
  return std::get<frps_run>(std::move(read));
}

frpc_run client(const std::vector<std::string>& arguments, const environment& env = home) {
  auto read = read_frpc(arguments, env);
  if (const auto* end = std::get_if<finish>(&read)) {
    ADD_FAILURE() << end->to_stdout << end->to_stderr;
    return {};
  }
  return std::get<frpc_run>(std::move(read));
}

template <class Read>
finish ended(Read read) {
  if (!std::holds_alternative<finish>(read)) {
    ADD_FAILURE() << "was accepted";
    return {};
  }
  return std::get<finish>(std::move(read));
}

finish server_ends(const std::vector<std::string>& arguments, const environment& env = home) {
  return ended(read_frps(arguments, env, {}));
}

bool contains(const std::string& text, std::string_view part) {
  return text.find(part) != text.npos;
}

TEST(command_line, defaults_of_frps) {
  const frps_run run = server({});
  EXPECT_EQ(run.options.control_port, 17000);
  EXPECT_EQ(run.options.api_bind, "127.0.0.1");
  EXPECT_EQ(run.options.bind, "::");
  EXPECT_GE(run.options.workers, 1u);
  EXPECT_EQ(run.options.data_dir, "/home/me/.local/state/frpx");
  EXPECT_TRUE(std::holds_alternative<serve>(run.command));
  EXPECT_TRUE(run.notes.empty());
}

TEST(command_line, defaults_of_frpc) {
  const frpc_options o = client({}).options;
  EXPECT_EQ(o.server_addr, "127.0.0.1");
  EXPECT_EQ(o.local_port, 11434);
  EXPECT_EQ(o.token_file, "token.json");
  EXPECT_TRUE(o.client_id.empty());
  EXPECT_TRUE(o.email.empty());
}

TEST(command_line, letters_of_frpc) {
  const frpc_options o = client({"-c", "gpu-1", "-s", "example.com"}).options;
  EXPECT_EQ(o.client_id, "gpu-1");
  EXPECT_EQ(o.server_addr, "example.com");
}

TEST(command_line, later_sources_win) {
  const fs::path file = fs::path(testing::TempDir()) / "frpx-order.toml";
  std::ofstream(file) << "control-port = 1\nproxy-port = 1001\npublic-port = 1002\n";
  const auto env = with(
      {{"FRPX_CONFIG", file.string()}, {"FRPX_CONTROL_PORT", "2"}, {"FRPX_PROXY_PORT", "2001"}});
  EXPECT_EQ(server({"--control-port", "3"}, env).options.control_port, 3);
  EXPECT_EQ(server({"--control-port", "3"}, env).options.proxy_port, 2001);
  EXPECT_EQ(server({"--control-port", "3"}, env).options.public_port, 1002);
  EXPECT_EQ(server({"--control-port", "3"}, env).options.api_port, 18081);
  EXPECT_EQ(server({"--config", file.string()}).options.control_port, 1);
  EXPECT_EQ(server({"--workers=2", "--workers=3"}).options.workers, 3u);
  fs::remove(file);
}

TEST(command_line, plain_names_in_the_environment_are_weaker_than_ours) {
  EXPECT_EQ(server({}, with({{"API_KEY", "k"}})).options.api_key.reveal(), "k");
  EXPECT_EQ(server({}, with({{"API_KEY", "k"}, {"FRPX_API_KEY", "ours"}})).options.api_key.reveal(),
            "ours");
  EXPECT_EQ(server({}, with({{"DATABASE_URL", "sqlite:/x"}})).options.database_url.reveal(),
            "sqlite:/x");
  EXPECT_TRUE(contains(server_ends({}, with({{"REDIS_URL", "memcached://h"}})).to_stderr,
                       "REDIS_URL: redis-url: \"memcached\" is not built into this program"));
  EXPECT_TRUE(server({}, with({{"API_KEY", ""}})).options.api_key.empty());
}

TEST(command_line, switches_in_the_environment) {
  EXPECT_TRUE(server({}, with({{"FRPX_ACCESS_LOG", "1"}})).options.access_log);
  EXPECT_FALSE(server({}, with({{"FRPX_ACCESS_LOG", "false"}})).options.access_log);
  EXPECT_TRUE(server({"--access-log"}, with({{"FRPX_ACCESS_LOG", "false"}})).options.access_log);
}

TEST(command_line, all_problems_at_once) {
  const finish end = server_ends({"--control-port", "70000", "--api-cors", "*"},
                                 with({{"FRPX_WORKERS", "many"}, {"FRPX_BIND", "nowhere"}}));
  EXPECT_EQ(end.exit_code, exit_usage);
  EXPECT_EQ(end.to_stdout, "");
  for (const char* part :
       {"frps: --control-port \"70000\" must be a port", "FRPX_WORKERS: workers \"many\" must be",
        "FRPX_BIND: bind: \"nowhere\" is not an IP address", "--api-cors: \"*\" is not an origin",
        "Try 'frps --help'."}) {
    EXPECT_TRUE(contains(end.to_stderr, part)) << part << " is not in:\n" << end.to_stderr;
  }
}

TEST(command_line, pages_that_may_use_the_api_are_of_one_origin) {
  for (const char* good : {"https://ops.example", "http://127.0.0.1:5173", "http://[::1]:80"}) {
    EXPECT_EQ(server({"--api-cors", good}).options.api_cors, good);
  }
  for (const char* bad : {"null", "ops.example", "https://ops.example/", "https://a.example b",
                          "file://x", "https://", "https://me@ops.example", "http://a/#f"}) {
    EXPECT_EQ(server_ends({"--api-cors", bad}).exit_code, exit_usage) << bad;
  }
}

TEST(command_line, an_api_may_be_beyond_loopback) {
  EXPECT_EQ(server({"--api-bind", "::"}).options.api_bind, "::");
  EXPECT_EQ(server({"--api-bind", "::1"}).options.api_bind, "::1");
  EXPECT_EQ(server({"--api-bind", "127.0.0.2"}).options.api_bind, "127.0.0.2");
}

TEST(command_line, unknown_options_get_a_suggestion) {
  const finish end = server_ends({"--controll-port", "1"});
  EXPECT_EQ(end.exit_code, exit_usage);
  EXPECT_TRUE(
      contains(end.to_stderr, "unknown option --controll-port; did you mean \"control-port\"?"))
      << end.to_stderr;
  EXPECT_FALSE(contains(server_ends({"--api-kay=hidden"}).to_stderr, "hidden"));
  EXPECT_EQ(server_ends({"start"}).exit_code, exit_usage);
  EXPECT_EQ(server_ends({"--control-port"}).exit_code, exit_usage);
}

TEST(command_line, help_has_groups_defaults_and_examples) {
  for (const char* flag : {"-h", "--help"}) {
    const finish end = server_ends({flag});
    EXPECT_EQ(end.exit_code, 0);
    EXPECT_EQ(end.to_stderr, "");
    std::size_t before = 0;
    for (const char* heading : {"\nNetwork:", "\nDatabase & Caching:", "\nSecurity:",
                                "\nMonitoring:", "\nGeneral:", "\nSubcommands:", "\nExamples:"}) {
      const std::size_t at = end.to_stdout.find(heading);
      ASSERT_NE(at, std::string::npos) << heading << " is not in:\n" << end.to_stdout;
      EXPECT_GT(at, before) << heading;
      before = at;
    }
    EXPECT_TRUE(contains(end.to_stdout, "[17000]"));
    EXPECT_TRUE(contains(end.to_stdout, "--print-config"));
  }
}

TEST(command_line, every_line_of_the_help_fits_a_terminal) {
  const std::string texts[] = {server_ends({"--help"}).to_stdout,
                               ended(read_frpc({"--help"}, home)).to_stdout};
  for (const std::string& text : texts) {
    std::istringstream lines(text);
    std::size_t count = 0;
    for (std::string line; std::getline(lines, line); ++count) EXPECT_LE(line.size(), 110u) << line;
    EXPECT_GT(count, 20u);
  }
}

TEST(command_line, version) {
  for (const char* flag : {"-V", "--version"}) {
    EXPECT_EQ(server_ends({flag}).to_stdout, "frps " FRPX_VERSION "\n");
  }
}

TEST(command_line, print_config_shows_the_sum_of_all_sources) {
  const finish end = server_ends({"--print-config", "--public-port", "80"},
                                 with({{"API_KEY", "hidden"}, {"FRPX_WORKERS", "7"}}));
  EXPECT_EQ(end.exit_code, 0);
  EXPECT_TRUE(contains(end.to_stdout, "public-port = 80\n"));
  EXPECT_TRUE(contains(end.to_stdout, "workers = 7\n"));
  EXPECT_TRUE(contains(end.to_stdout, "# api-key = \"***\"\n"));
  EXPECT_FALSE(contains(end.to_stdout, "hidden"));
}

TEST(command_line, demo_stays_on_loopback_and_says_what_it_ignores) {
  const frps_run run =
      server({"--demo"}, with({{"DATABASE_URL", "postgres://h/d"}, {"REDIS_URL", "redis://h"}}));
  EXPECT_EQ(run.options.bind, "127.0.0.1");
  EXPECT_TRUE(run.options.database_url.empty());
  EXPECT_TRUE(run.options.redis_url.empty());
  ASSERT_EQ(run.notes.size(), 2u);
  EXPECT_TRUE(contains(run.notes[0], "DATABASE_URL is ignored"));
  EXPECT_TRUE(contains(run.notes[1], "REDIS_URL is ignored"));
  EXPECT_EQ(server({"--demo", "--bind", "::1"}).options.bind, "::1");
  EXPECT_EQ(server_ends({"--demo", "--bind", "::"}).exit_code, exit_usage);
  EXPECT_EQ(server_ends({"--demo", "--api-bind", "::", "--api-token", "t"}).exit_code, exit_usage);
  EXPECT_TRUE(server({"--demo"}, environment()).options.data_dir.empty());
}

TEST(command_line, secrets_among_the_arguments_are_noted) {
  const frpc_run run = client({"--email", "a@b", "--password", "hidden"});
  ASSERT_EQ(run.notes.size(), 1u);
  EXPECT_TRUE(run.notes[0].starts_with("--password on the command line can be seen"));
  EXPECT_FALSE(contains(run.notes[0], "hidden"));
  EXPECT_TRUE(client({"--email", "a@b"}, with({{"FRPX_PASSWORD", "p"}})).notes.empty());
}

TEST(command_line, the_data_folder_by_user) {
  EXPECT_EQ(default_data_dir({{{"HOME", "/h"}, {"XDG_STATE_HOME", "/s"}}, true}), "/var/lib/frpx");
  EXPECT_EQ(default_data_dir({{{"HOME", "/h"}, {"XDG_STATE_HOME", "/s"}}, false}), "/s/frpx");
  EXPECT_EQ(default_data_dir({{{"HOME", "/h"}}, false}), "/h/.local/state/frpx");
  EXPECT_EQ(default_data_dir({}), "");
  EXPECT_TRUE(contains(server_ends({}, environment()).to_stderr, "pass --data-dir"));
}

TEST(command_line, the_monitor) {
  const auto watches = [](const frps_run& run) { return std::get<monitor>(run.command).watch; };
  EXPECT_FALSE(watches(server({"--monitor"})));
  EXPECT_TRUE(watches(server({"--monitor", "--watch"})));
  EXPECT_FALSE(server({"--monitor"}).json);
  EXPECT_TRUE(server({"--monitor", "--json"}).json);
}

TEST(command_line, what_goes_with_the_monitor_does_not_go_alone) {
  for (const std::vector<std::string>& arguments : {std::vector<std::string>{"--watch"},
                                                    {"--json"},
                                                    {"status", "--watch"},
                                                    {"--monitor", "status"},
                                                    {"--monitor", "user", "list"}}) {
    EXPECT_EQ(server_ends(arguments).exit_code, exit_usage) << arguments.back();
  }
}

TEST(command_line, who_only_asks_the_api_needs_nothing_but_its_address) {
  for (const char* asks : {"--monitor", "status"}) {
    EXPECT_TRUE(server({asks}, environment()).options.data_dir.empty()) << asks;
    EXPECT_EQ(server({asks, "--api-port", "17000"}).options.api_port, 17000);
    EXPECT_EQ(server({asks, "--api-bind", "10.1.2.3"}).options.api_bind, "10.1.2.3");
    EXPECT_TRUE(contains(server_ends({asks, "--api-port", "0"}).to_stderr, "--api-port: which"));
    EXPECT_TRUE(contains(server_ends({asks, "--api-bind", "host"}).to_stderr, "not an IP address"));
  }
}

TEST(subcommands, status_of_a_server) {
  EXPECT_TRUE(std::holds_alternative<status>(server({"status"}).command));
  EXPECT_FALSE(server({"status"}).json);
  EXPECT_TRUE(server({"status", "--json"}).json);
  EXPECT_TRUE(server({"--json", "status"}).json);
}

TEST(subcommands, users) {
  EXPECT_EQ(std::get<user_add>(server({"user", "add", "a@b"}).command).email, "a@b");
  EXPECT_EQ(std::get<user_remove>(server({"user", "remove", "a@b"}).command).email, "a@b");
  EXPECT_EQ(std::get<user_passwd>(server({"user", "passwd", "a@b"}).command).email, "a@b");
  EXPECT_TRUE(std::holds_alternative<user_list>(server({"user", "list"}).command));
  EXPECT_EQ(std::get<user_add>(server({"user", "add", "a@b"}).command).ports, "any");
  const auto ranged = server({"user", "add", "a@b", "--ports", "9000-9099"}).command;
  EXPECT_EQ(std::get<user_add>(ranged).ports, "9000-9099");
  const auto given = std::get<user_ports>(server({"user", "ports", "a@b", "10022"}).command);
  EXPECT_EQ(given.email + " " + given.ports, "a@b 10022");
  EXPECT_EQ(server_ends({"user", "ports", "a@b"}).exit_code, exit_usage);
  for (const char* most : {"0", "12", "default"}) {
    const auto bounded = std::get<user_leases>(server({"user", "leases", "a@b", most}).command);
    EXPECT_EQ(bounded.email + " " + bounded.most, std::string("a@b ") + most);
  }
  for (const char* most : {"-1", "any", "1.5", ""}) {
    EXPECT_EQ(server_ends({"user", "leases", "a@b", most}).exit_code, exit_usage) << most;
  }
}

TEST(subcommands, clients) {
  EXPECT_TRUE(std::holds_alternative<client_list>(server({"client", "list"}).command));
  EXPECT_EQ(std::get<client_forget>(server({"client", "forget", "gpu-1"}).command).client_id,
            "gpu-1");
  EXPECT_EQ(server_ends({"client", "forget"}).exit_code, exit_usage);
  EXPECT_EQ(server_ends({"client"}).exit_code, exit_usage);
}

TEST(subcommands, keys) {
  EXPECT_EQ(std::get<key_add>(server({"key", "add", "--name", "n"}).command).name, "n");
  EXPECT_EQ(std::get<key_revoke>(server({"key", "revoke", "n"}).command).id_or_name, "n");
  EXPECT_TRUE(std::holds_alternative<key_list>(server({"key", "list"}).command));
}

TEST(subcommands, how_long_keys_last) {
  using namespace std::chrono_literals;
  const auto adding = [](const char* time) {
    return std::get<key_add>(server({"key", "add", "--name", "n", "--expires", time}).command);
  };
  const auto setting = [](const char* time) {
    return std::get<key_set>(server({"key", "set", "n", "--expires", time}).command);
  };
  EXPECT_EQ(adding("12h").life, 12h);
  EXPECT_EQ(setting("30d").life, 30 * 24h);
  EXPECT_EQ(setting("0").life, 0s);
  EXPECT_FALSE(std::get<key_add>(server({"key", "add", "--name", "n"}).command).life);
  EXPECT_FALSE(std::get<key_set>(server({"key", "set", "n", "--rpm", "1"}).command).life);
  for (const char* wrong : {"", "soon", "-1", "999ms"}) {
    EXPECT_EQ(server_ends({"key", "set", "n", "--expires", wrong}).exit_code, 2) << wrong;
  }
}

TEST(subcommands, what_was_used) {
  const auto usual = std::get<usage>(server({"usage"}).command);
  EXPECT_EQ(usual.by + " " + usual.from + " " + usual.to, "key 30d 0");
  const auto said = std::get<usage>(
      server({"usage", "--by", "model", "--from", "2026-11-19", "--to", "24h"}).command);
  EXPECT_EQ(said.by + " " + said.from + " " + said.to, "model 2026-11-19 24h");
  EXPECT_TRUE(server({"usage", "--json"}).json);
  EXPECT_EQ(server_ends({"usage", "--by", "user"}).exit_code, 2);
  EXPECT_EQ(server_ends({"usage", "--from", "yesterday"}).exit_code, 2);
}

TEST(subcommands, limits_of_keys) {
  using names = std::vector<std::string>;
  const auto none = std::get<key_add>(server({"key", "add", "--name", "n"}).command).limits;
  EXPECT_FALSE(none.per_minute || none.at_once || none.models || none.clients);
  const auto all =
      std::get<key_add>(server({"key", "add", "--name", "n", "--rpm", "60", "--max-inflight", "4",
                                "--models", "a:b,c/d", "--clients", "x"})
                            .command)
          .limits;
  EXPECT_EQ(all.per_minute, 60u);
  EXPECT_EQ(all.at_once, 4u);
  EXPECT_EQ(all.models, (names{"a:b", "c/d"}));
  EXPECT_EQ(all.clients, names{"x"});
  const auto some =
      std::get<key_set>(server({"key", "set", "n", "--rpm", "0", "--models", ""}).command);
  EXPECT_EQ(some.id_or_name, "n");
  EXPECT_EQ(some.limits.per_minute, 0u);
  EXPECT_EQ(some.limits.models, names());
  EXPECT_FALSE(some.limits.clients);
  EXPECT_EQ(server_ends({"key", "set", "n", "--rpm", "-1"}).exit_code, 2);
  EXPECT_EQ(server_ends({"key", "set", "n", "--rpm", "many"}).exit_code, 2);
  EXPECT_EQ(
      std::get<key_set>(server({"key", "set", "n", "--clients", "a,,b"}).command).limits.clients,
      (names{"a", "", "b"}))
      << "for the store to refuse";
}

TEST(subcommands, take_the_programs_options_on_either_side) {
  const frps_run run = server({"key", "add", "--name", "n", "--json", "--data-dir", "/d"});
  EXPECT_TRUE(run.json);
  EXPECT_EQ(run.options.data_dir, "/d");
  EXPECT_EQ(server({"--data-dir", "/d", "key", "list"}).options.data_dir, "/d");
  EXPECT_FALSE(server({"key", "list"}).json);
}

TEST(subcommands, that_are_incomplete_end_with_2) {
  for (const std::vector<std::string>& arguments : {std::vector<std::string>{"user"},
                                                    {"user", "add"},
                                                    {"key"},
                                                    {"key", "add"},
                                                    {"key", "revoke"},
                                                    {"user", "make"},
                                                    {"user", "list", "key", "list"},
                                                    {"user", "list", "--jsn"}}) {
    EXPECT_EQ(server_ends(arguments).exit_code, exit_usage) << arguments.back();
  }
}

// Two machines of one account may expose the same port, and neither has to name it.
TEST(subcommands, expose_names_a_service_after_its_client) {
  const auto exposed = [](std::vector<std::string> more) {
    more.insert(more.begin(), {"expose"});
    frpc_run run = client(more);
    complete_names(run.options.services, "machine");  // as the program does
    return run.options.services.at(0).name;
  };
  EXPECT_EQ(exposed({"tcp", "22", "-c", "office"}), "tcp-22-office");
  EXPECT_EQ(exposed({"udp", "53"}), "udp-53-machine");
  EXPECT_EQ(exposed({"tcp", "22", "--name", "ssh"}), "ssh");
  EXPECT_EQ(exposed({"tcp", "22", "--group", "g"}), "tcp-22") << "its members share it";
  EXPECT_EQ(exposed({"http", "80"}), "http-80") << "the public port knows clients by their ids";
  EXPECT_EQ(exposed({"http", "80", "--outer-port", "90"}), "http-80-machine");
  EXPECT_EQ(exposed({"tcp", "22", "-c", std::string(128, 'c')}), "tcp-22-" + std::string(121, 'c'));
}

TEST(subcommands, have_help_of_their_own) {
  const std::string help = server_ends({"key", "add", "--help"}).to_stdout;
  EXPECT_TRUE(contains(help, "Usage: frps key add ")) << help;
  EXPECT_TRUE(contains(help, "--name"));
  EXPECT_FALSE(contains(help, "--demo"));
}

// Whoever can put files there can put a key, a user or a signing secret of his own there.
TEST(data_folder, is_refused_when_everybody_may_write_there) {
  const fs::path folder = fs::path(testing::TempDir()) / ("frpx-open-" + random_hex(8));
  const auto prepare_with = [&](unsigned mode) {
    EXPECT_EQ(::chmod(folder.c_str(), mode), 0);
    return prepare_data_dir(folder);
  };
  fs::create_directory(folder);
  for (const unsigned mode : {0777u, 01777u, 0703u}) {
    const std::string refused = prepare_with(mode);
    EXPECT_TRUE(contains(refused, "every user")) << refused;
    EXPECT_TRUE(contains(refused, "chmod o-w " + folder.string())) << refused;
    EXPECT_TRUE(fs::is_empty(folder));
  }
  const test::captured_log log;
  EXPECT_EQ(prepare_with(0755), "");
  EXPECT_EQ(log.text(), "");
  EXPECT_EQ(prepare_with(0775), "");
  EXPECT_EQ(log.count("may be written by the group"), 1u);
  fs::remove_all(folder);
}

TEST(data_folder, is_made_private_and_tried) {
  const fs::path parent = fs::path(testing::TempDir()) / "frpx-data-test";
  fs::remove_all(parent);
  const fs::path folder = parent / "state" / "frpx";
  EXPECT_EQ(prepare_data_dir(folder), "");
  EXPECT_EQ(fs::status(folder).permissions(), fs::perms::owner_all);
  EXPECT_TRUE(fs::is_empty(folder));
  EXPECT_EQ(prepare_data_dir(folder), "");
  std::ofstream(parent / "file") << "x";
  EXPECT_TRUE(contains(prepare_data_dir(parent / "file"), "is not a folder"));
  EXPECT_TRUE(contains(prepare_data_dir(parent / "file" / "below"), "cannot be made"));
  EXPECT_TRUE(contains(prepare_data_dir("/proc/frpx"), "cannot be made"));
  EXPECT_TRUE(contains(prepare_data_dir("/proc/self"), "pass another with --data-dir"));
  fs::remove_all(parent);
}

}  // namespace
}  // namespace frpx::config
