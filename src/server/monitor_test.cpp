#include "server/monitor.hpp"

#include <gtest/gtest.h>
#include <boost/json/parse.hpp>

#include <limits>

#include "server/api_client.hpp"

namespace frpx::server {
namespace {

namespace json = boost::json;

constexpr const char* two_clients = R"([
  {"client_id":"b","authed":true,"system_info":null,"inflight":0,"models":[]},
  {"client_id":"a","authed":true,"system_info":{"cpu_usage":12.345,"memory_usage":100,
   "disk_usage":0.5,"computer_name":"x","heartbeat_seconds_ago":12},"inflight":3}])";

std::vector<monitored_client> clients_in(const char* text) {
  const auto read = read_clients(json::parse(text));
  EXPECT_TRUE(read) << text;
  return read ? *read : std::vector<monitored_client>();
}

TEST(monitor, reads_clients_in_the_order_of_their_ids) {
  const std::vector<monitored_client> expected = {
      {"a", monitored_client::report{12.345, 100, 0.5, 12}, 3}, {"b", std::nullopt, 0}};
  EXPECT_EQ(clients_in(two_clients), expected);
  EXPECT_TRUE(clients_in("[]").empty());
}

TEST(monitor, refuses_what_is_not_a_list_of_clients) {
  const char* const cases[] = {
      "null",
      "{}",
      "[1]",
      "[{}]",
      R"([{"client_id":1,"system_info":null,"inflight":0}])",
      R"([{"client_id":"","system_info":null,"inflight":0}])",
      R"([{"client_id":"\u001b[2J","system_info":null,"inflight":0}])",
      R"([{"client_id":"a","inflight":0}])",
      R"([{"client_id":"a","system_info":null}])",
      R"([{"client_id":"a","system_info":null,"inflight":"1"}])",
      R"([{"client_id":"a","system_info":{},"inflight":0}])",
      R"([{"client_id":"a","system_info":{"cpu_usage":"1","memory_usage":1,"disk_usage":1,
          "heartbeat_seconds_ago":1},"inflight":0}])",
      R"([{"client_id":"a","system_info":{"cpu_usage":1,"memory_usage":1,"disk_usage":1,
          "heartbeat_seconds_ago":null},"inflight":0}])",
  };
  static_assert(std::size(cases) > 0);
  for (const char* each : cases) {
    const auto read = read_clients(json::parse(each));
    ASSERT_FALSE(read) << each;
    EXPECT_EQ(read.error(), api_errc::not_the_api) << each;
  }
}

TEST(monitor, the_table) {
  struct table_case {
    std::vector<monitored_client> clients;
    const char* text;
  };
  const double nonsense = std::numeric_limits<double>::quiet_NaN();
  const table_case cases[] = {
      {{}, "No active clients.\n"},
      {clients_in(two_clients),
       "Client Monitoring Data:\n"
       "Client ID            CPU (%)    Memory (%) Disk (%)   Last Heartbeat\n"
       "--------------------------------------------------------------------------------\n"
       "a                    12.35      100.00     0.50       12s ago\n"
       "b                    N/A        N/A        N/A        No data\n"},
      {{{"twenty-two-characters-", monitored_client::report{1, nonsense, 3, 0}, 0}},
       "Client Monitoring Data:\n"
       "Client ID              CPU (%)    Memory (%) Disk (%)   Last Heartbeat\n"
       "----------------------------------------------------------------------------------\n"
       "twenty-two-characters- 1.00       N/A        3.00       0s ago\n"},
  };
  static_assert(std::size(cases) > 0);
  for (const table_case& each : cases) EXPECT_EQ(as_lines(each.clients), each.text);
}

TEST(monitor, json_has_null_for_what_was_not_reported) {
  EXPECT_EQ(as_json(std::span<const monitored_client>()), "[]\n");
  EXPECT_EQ(as_json(clients_in(two_clients)),
            R"([{"client_id":"a","cpu_usage":12.345,"memory_usage":100,"disk_usage":0.5,)"
            R"("heartbeat_seconds_ago":12,"inflight":3},)"
            R"({"client_id":"b","cpu_usage":null,"memory_usage":null,"disk_usage":null,)"
            R"("heartbeat_seconds_ago":null,"inflight":0}])"
            "\n");
}

TEST(monitor, one_clients_nonsense_does_not_hide_the_others) {
  const auto read = clients_in(R"([{"client_id":"a","inflight":0,"system_info":{"cpu_usage":null,
      "memory_usage":1,"disk_usage":1,"heartbeat_seconds_ago":1}}])");
  ASSERT_EQ(read.size(), 1u);
  EXPECT_NE(as_lines(read).find("\na                    N/A        1.00 "), std::string::npos);
  EXPECT_NE(as_json(read).find(R"("cpu_usage":null,"memory_usage":1,)"), std::string::npos);
}

result<server_status> status_of(const char* health, const char* ports, const char* stats) {
  return read_status(json::parse(health), json::parse(ports), json::parse(stats),
                     json::parse(two_clients));
}

constexpr const char* healthy = R"({"status":"healthy","uptime_seconds":90061,
  "database":{"state":"up","since":"2026-11-20T09:24:59.000123Z"},
  "cache":{"state":"none","since":"2026-11-20T09:24:59.000123Z"}})";
constexpr const char* four_ports =
    R"({"control_port":17000,"proxy_port":17001,"public_port":18080,"api_port":18081})";
constexpr const char* some_stats = R"({"pending_connections":2,"total_connections":77})";

TEST(status, tells_in_ten_lines_what_is_up) {
  const auto now = status_of(healthy, four_ports, some_stats);
  ASSERT_TRUE(now);
  EXPECT_EQ(as_lines(*now),
            "frps is healthy, up for 1d 1h\n"
            "  control port  17000\n"
            "  proxy port    17001\n"
            "  public port   18080\n"
            "  API port      18081\n"
            "  database      up since 2026-11-20T09:24:59.000123Z\n"
            "  cache         none\n"
            "  clients       2, 1 without a report yet\n"
            "  requests      3 in flight, 2 waiting for a stream\n"
            "  visitors      77 connections since the start\n");
}

TEST(status, as_json) {
  const auto now = status_of(healthy, four_ports, some_stats);
  ASSERT_TRUE(now);
  EXPECT_EQ(json::parse(as_json(*now)), json::parse(R"({
    "status":"healthy","uptime_seconds":90061,
    "control_port":17000,"proxy_port":17001,"public_port":18080,"api_port":18081,
    "database":{"state":"up","since":"2026-11-20T09:24:59.000123Z"},
    "cache":{"state":"none","since":"2026-11-20T09:24:59.000123Z"},
    "active_clients":2,"silent_clients":1,"inflight":3,"pending_connections":2,
    "total_connections":77})"));
}

TEST(status, says_the_uptime_in_its_two_largest_units) {
  const std::pair<std::int64_t, const char*> cases[] = {
      {0, "0s"},        {59, "59s"},        {60, "1m 00s"},   {3599, "59m 59s"},
      {3600, "1h 00m"}, {86399, "23h 59m"}, {86400, "1d 0h"}, {31536000, "365d 0h"}};
  static_assert(std::size(cases) > 0);
  for (const auto& [uptime, words] : cases) {
    server_status now;
    now.health = "degraded";
    now.uptime = std::chrono::seconds(uptime);
    const std::string expected = "frps is degraded, up for " + std::string(words) + "\n";
    EXPECT_EQ(as_lines(now).substr(0, expected.size()), expected);
  }
}

TEST(status, refuses_answers_that_lack_something) {
  EXPECT_FALSE(status_of("{}", four_ports, some_stats));
  EXPECT_FALSE(status_of(healthy, "null", some_stats));
  EXPECT_FALSE(status_of(healthy, four_ports, R"({"pending_connections":2})"));
  EXPECT_FALSE(read_status(json::parse(healthy), json::parse(four_ports), json::parse(some_stats),
                           json::parse("{}")));
}

TEST(redrawn, overwrites_line_by_line_and_counts_what_does_not_fit) {
  struct redraw_case {
    const char* text;
    std::size_t rows;
    const char* screen;
  };
  const redraw_case cases[] = {
      {"", 24, "\x1b[H\x1b[J"},
      {"a\nb\n", 3, "\x1b[Ha\x1b[K\nb\x1b[K\n\x1b[J"},
      {"a\nb\nc\n", 3, "\x1b[Ha\x1b[K\n... and 2 more\x1b[K\n\x1b[J"},
      {"a\nb\n", 2, "\x1b[H... and 2 more\x1b[K\n\x1b[J"},
      {"a\n", 1, "\x1b[H... and 1 more\x1b[K\n\x1b[J"},
      {"a\n", 0, "\x1b[H... and 1 more\x1b[K\n\x1b[J"},
  };
  static_assert(std::size(cases) > 0);
  for (const redraw_case& each : cases) {
    EXPECT_EQ(redrawn(each.text, each.rows), each.screen) << each.text << " in " << each.rows;
  }
}

}  // namespace
}  // namespace frpx::server
