// Options, files and what is refused.
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <fstream>
#include <sstream>

#include "config/file.hpp"
#include "config/option.hpp"
#include "config/services.hpp"
#include "config/validate.hpp"

namespace frpx::config {
namespace {

namespace fs = std::filesystem;

std::string joined(const std::vector<std::string>& lines) {
  std::string all;
  for (const auto& line : lines) all += line + "\n";
  return all;
}

// Reads a file for the program that its name begins with, and validates.
std::vector<std::string> problems_of(const fs::path& path) {
  origins from;
  const auto read_and_validate = [&](auto options, const auto&... more) {
    options.data_dir = "/nowhere";
    std::vector<service_entry> services;
    const bool has_services = std::is_same_v<decltype(options), frpc_options>;
    auto problems = read_file(path, table_of(options), from, has_services ? &services : nullptr);
    for (auto& problem : validate(options, from, more...)) problems.push_back(problem);
    for (auto& problem : validate(services)) problems.push_back(problem);
    return problems;
  };
  return path.filename().string().starts_with("frps")
             ? read_and_validate(frps_options(), backends())
             : read_and_validate(frpc_options());
}

std::vector<fs::path> files_in(const char* folder) {
  std::vector<fs::path> files;
  for (const auto& entry :
       fs::directory_iterator(fs::path(FRPX_SOURCE_DIR) / "tests/config" / folder)) {
    files.push_back(entry.path());
  }
  return files;
}

TEST(config_files, valid_ones_are_taken) {
  const auto files = files_in("valid");
  ASSERT_FALSE(files.empty());
  for (const auto& file : files) EXPECT_EQ(joined(problems_of(file)), "") << file;
}

TEST(config_files, invalid_ones_are_refused_with_the_place_and_the_reason) {
  const auto files = files_in("invalid");
  ASSERT_FALSE(files.empty());
  for (const auto& file : files) {
    const auto problems = problems_of(file);
    std::ifstream text(file);
    std::size_t expected = 0;
    for (std::string line; std::getline(text, line) && line.starts_with("# error: "); ++expected) {
      EXPECT_NE(joined(problems).find(line.substr(9)), std::string::npos)
          << file << " said: " << joined(problems);
    }
    EXPECT_GT(expected, 0u) << file;
    EXPECT_EQ(problems.size(), expected) << file << " said: " << joined(problems);
    EXPECT_EQ(joined(problems).find("hidden"), std::string::npos) << "a secret in a message";
  }
}

TEST(config_files, values_arrive) {
  frps_options o;
  origins from;
  const char* text =
      "control-port = 7000\napi-token = 't'\nlogin-timeout = 20\nrequest-head-timeout = '2500ms'\n"
      "response-head-timeout = '10m'\nworkers = 4\naccess-log = true\nlog-level = 'warn'\n"
      "log-format = 'json'\nready-file = '/r'\ndrain-timeout = 0\nbind = '::1'\n";
  ASSERT_EQ(joined(read_toml(text, "f", table_of(o), from)), "");
  EXPECT_EQ(o.control_port, 7000);
  EXPECT_EQ(o.proxy_port, 17001);
  EXPECT_EQ(o.api_token.reveal(), "t");
  EXPECT_EQ(o.deadlines.login, std::chrono::seconds(20));
  EXPECT_EQ(o.deadlines.request_head, milliseconds(2500));
  EXPECT_EQ(o.deadlines.response_head, std::chrono::minutes(10));
  EXPECT_EQ(o.deadlines.drain, milliseconds(0));
  EXPECT_EQ(o.workers, 4u);
  EXPECT_TRUE(o.access_log);
  EXPECT_EQ(o.log_level, log::level::warn);
  EXPECT_EQ(o.log_format, log::format::json);
  EXPECT_EQ(o.ready_file, "/r");
  EXPECT_EQ(o.bind, "::1");
  EXPECT_EQ(from.at("login-timeout"), "f:3");
}

TEST(config_files, services_arrive_and_are_printed_in_a_form_that_is_read_again) {
  frpc_options o;
  origins from;
  const char* text =
      "email = 'me@example.com'\n[[services]]\nname = 'db'\nkind = 'tcp'\nlocal-addr = 'db.lan'\n"
      "local-port = 5432\nouter-port = 9931\nmax-serve-time = '90s'\nmax-serve-conn = 5\n"
      "max-serve-count = 7\nweight = 3\ngroup = 'g'\nbandwidth = '10M'\nproxy-protocol = 'v1'\n"
      "message = 'm'\nallow = ['10.0.0.0/8', '::1']\ndeny = ['10.0.0.1']\n"
      "metadata = { owner = 'ops', rack = 7 }\n[[services]]\nname = 'web'\nkind = 'http'\n"
      "local-port = 80\n";
  std::vector<service_entry> services;
  ASSERT_EQ(joined(read_toml(text, "f", table_of(o), from, &services)), "");
  const auto check = [](const std::vector<service_entry>& read) {
    ASSERT_EQ(read.size(), 2U);
    const service_entry& db = read[0];
    EXPECT_EQ(db.name, "db");
    EXPECT_EQ(db.local_addr, "db.lan");
    EXPECT_EQ(db.local_port, 5432);
    EXPECT_EQ(db.outer_port, 9931);
    EXPECT_EQ(db.max_serve_time, std::chrono::seconds(90));
    EXPECT_EQ(db.max_serve_conn, 5U);
    EXPECT_EQ(db.max_serve_count, 7U);
    EXPECT_EQ(db.weight, 3U);
    EXPECT_EQ(db.group, "g");
    EXPECT_EQ(db.bandwidth.bytes, 10'000'000U);
    EXPECT_EQ(db.proxy, proxy_header::v1);
    EXPECT_EQ(db.message, "m");
    EXPECT_EQ(db.allow, (std::vector<std::string>{"10.0.0.0/8", "::1"}));
    EXPECT_EQ(db.deny, std::vector<std::string>{"10.0.0.1"});
    EXPECT_EQ(db.metadata.size(), 2U);
    EXPECT_EQ(read[1].kind, service_kind::http);
    EXPECT_EQ(read[1].local_addr, "127.0.0.1");
  };
  check(services);
  EXPECT_EQ(services[1].where, "f:19");
  std::vector<service_entry> again;
  ASSERT_EQ(joined(read_toml(to_toml(table_of(o), services), "p", table_of(o), from, &again)), "");
  check(again);
}

TEST(config_files, rates) {
  struct {
    const char* text;
    std::uint64_t bytes;
    const char* shown;
  } const cases[] = {{"0", 0, "0"},
                     {"1500", 1500, "1500"},
                     {"20k", 20'000, "20k"},
                     {"10M", 10'000'000, "10M"},
                     {"1000G", 1'000'000'000'000, "1000G"}};
  for (const auto& each : cases) {
    service_entry entry;
    const auto table = table_of(entry);
    EXPECT_EQ(assign(*find(table, "bandwidth"), each.text), "") << each.text;
    EXPECT_EQ(entry.bandwidth.bytes, each.bytes);
    EXPECT_EQ(show(*find(table, "bandwidth")), each.shown);
  }
  for (const char* text : {"", "k", "-1", "1.5M", "1001G", "99999999999999999999", "1K", "1 M"}) {
    service_entry entry;
    EXPECT_NE(assign(*find(table_of(entry), "bandwidth"), text), "") << text;
  }
}

TEST(config_files, a_missing_a_too_large_one_and_a_folder_are_refused) {
  frps_options o;
  origins from;
  const fs::path folder = fs::path(testing::TempDir()) / "frpx-config-test";
  fs::create_directories(folder);
  const auto refused = [&](const fs::path& path) {
    return joined(read_file(path, table_of(o), from));
  };
  EXPECT_NE(refused(folder / "missing.toml").find("missing.toml: cannot be read: No such file"),
            std::string::npos);
  EXPECT_NE(refused(folder).find("is a folder"), std::string::npos);
  const fs::path file = folder / "large.toml";
  std::ofstream(file) << std::string(largest_file, '#');
  EXPECT_EQ(refused(file), "");
  std::ofstream(file) << std::string(largest_file + 1, '#');
  EXPECT_NE(refused(file).find("larger than 1 MiB"), std::string::npos);
  ASSERT_EQ(::mkfifo((folder / "pipe").c_str(), 0600), 0);
  EXPECT_NE(refused(folder / "pipe").find("not a regular file"), std::string::npos);
  fs::remove_all(folder);
}

TEST(print_config, is_a_file_that_says_the_same_again) {
  frps_options o;
  o.control_port = 1;
  o.log_level = log::level::err;
  o.deadlines.login = milliseconds(1500);
  o.bind = "a \"quoted\" \\ name";
  frps_options again;
  origins from;
  const std::string printed = to_toml(table_of(o));
  ASSERT_EQ(joined(read_toml(printed, "printed", table_of(again), from)), "");
  EXPECT_EQ(to_toml(table_of(again)), printed);
  EXPECT_EQ(again.bind, o.bind);
  EXPECT_EQ(again.deadlines.login, milliseconds(1500));
}

TEST(print_config, shows_no_secret) {
  frps_options server;
  frpc_options client;
  server.api_key = secret("s3cret");
  server.api_token = secret("s3cret");
  server.database_url =
      secret("postgres://user:s3cret@host:5432/db?sslmode=require&password=s3cret");
  server.redis_url = secret("s3cret is no URL");
  client.password = secret("s3cret");
  const std::string printed = to_toml(table_of(server)) + to_toml(table_of(client));
  EXPECT_EQ(printed.find("s3cret"), std::string::npos) << printed;
  EXPECT_NE(printed.find("# api-key = \"***\"\n"), std::string::npos) << printed;
  EXPECT_NE(printed.find("postgres://user:***@host:5432/db?***"), std::string::npos) << printed;
}

TEST(masked_url, keeps_all_but_the_password) {
  const std::pair<const char*, const char*> rows[] = {
      {"postgres://u:p@h/d", "postgres://u:***@h/d"},      {"postgres://u@h/d", "postgres://u@h/d"},
      {"redis://:p@h:1/0", "redis://:***@h:1/0"},          {"sqlite:/a/b.db", "sqlite:/a/b.db"},
      {"postgres://h/d?password=p", "postgres://h/d?***"}, {"p", "***"}};
  for (const auto& [given, expected] : rows) EXPECT_EQ(masked_url(given), expected);
}

TEST(options, every_row_reads_back_what_it_shows) {
  frps_options server;
  frpc_options client;
  for (const option_table& table : {table_of(server), table_of(client)}) {
    ASSERT_GT(table.size(), 10u);
    for (const option& row : table) {
      const std::string value = show(row);
      if (!value.empty()) EXPECT_EQ(assign(row, value), "") << row.name;
      EXPECT_EQ(show(row), value) << row.name;
      EXPECT_FALSE(row.help.empty()) << row.name;
      EXPECT_EQ(row.value.empty(), std::holds_alternative<bool*>(row.to)) << row.name;
      EXPECT_EQ(find(table, row.name), &row) << "twice in the table: " << row.name;
    }
  }
}

TEST(options, every_wrong_secret_is_refused_without_being_shown) {
  frps_options o;
  const option_table table = table_of(o);
  const option* row = find(table, "api-key");
  ASSERT_NE(row, nullptr);
  EXPECT_EQ(assign(*row, std::string(4096, 'k')), "");
  EXPECT_EQ(assign(*row, std::string(4097, 'k')), "api-key must have 1 to 4096 bytes");
  EXPECT_EQ(assign(*row, ""), "api-key must have 1 to 4096 bytes");
}

TEST(options, the_variable_is_the_name_in_capitals) {
  frps_options o;
  const option_table table = table_of(o);
  EXPECT_EQ(variable_of(*find(table, "control-port")), "FRPX_CONTROL_PORT");
}

TEST(options, numbers_at_their_limits) {
  frps_options o;
  const option_table table = table_of(o);
  const auto wrong = [&](const char* name, const char* text) {
    return !assign(*find(table, name), text).empty();
  };
  EXPECT_FALSE(wrong("control-port", "65535"));
  EXPECT_TRUE(wrong("control-port", "65536"));
  EXPECT_TRUE(wrong("control-port", "+1"));
  EXPECT_TRUE(wrong("control-port", "1 "));
  EXPECT_TRUE(wrong("control-port", ""));
  EXPECT_FALSE(wrong("max-clients", "4294967295"));
  EXPECT_TRUE(wrong("max-clients", "4294967296"));
  EXPECT_FALSE(wrong("login-timeout", "365d"));
  EXPECT_TRUE(wrong("login-timeout", "8761h"));
  EXPECT_TRUE(wrong("login-timeout", "-1s"));
  EXPECT_TRUE(wrong("login-timeout", "s"));
  EXPECT_TRUE(wrong("login-timeout", "99999999999s"));
}

TEST(suggestions, come_only_when_near) {
  frps_options o;
  const option_table table = table_of(o);
  EXPECT_EQ(suggest(table, "controll-port"), "; did you mean \"control-port\"?");
  EXPECT_EQ(suggest(table, "prot"), "");
  EXPECT_EQ(suggest(table, ""), "");
  EXPECT_EQ(suggest(table, std::string(1 << 20, 'x')), "");
}

}  // namespace
}  // namespace frpx::config
