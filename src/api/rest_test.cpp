#include "api/rest.hpp"

#include <gtest/gtest.h>

#include "api/metrics_endpoint.hpp"
#include "api/rest_fixture.hpp"

namespace frpx::api {
namespace {

TEST_F(rest, clients) {
  json::array all = data("/api/clients").as_array();
  ASSERT_EQ(all.size(), 3u);
  for (json::value& each : all) {
    json::value& system = each.as_object().at("system_info");
    if (!system.is_null()) system = without_heartbeat_time(system);
  }
  EXPECT_EQ(all[0], json::parse(R"({"client_id":"client_A","authed":true,"system_info":{
      "cpu_usage":12.3,"memory_usage":45.6,"disk_usage":78.9,"computer_name":"box",
      "heartbeat_seconds_ago":12},"connected_at":"2023-11-14T22:13:20.000042Z",
      "user":"a@example.com","address":"192.0.2.7:4711","computer_name":"box","inflight":3,
      "max_inflight":8,"weight":2,"draining":false,"set_aside":false,"requests":44,
      "models":["llama3"],"models_left_out":0})"));
  EXPECT_EQ(all[1], json::parse(R"({"client_id":"client_B","authed":true,"system_info":null,
      "connected_at":"2023-11-14T22:13:20.000042Z","user":"a@example.com","address":"192.0.2.7:4711",
      "computer_name":null,"inflight":3,"max_inflight":null,"weight":2,"draining":false,
      "set_aside":false,"requests":44,"models":[],"models_left_out":0})"));
  json::value one = data("/api/clients/client_A");
  one.as_object()["system_info"] = without_heartbeat_time(one.as_object()["system_info"]);
  EXPECT_EQ(one, all[0]);
  expect_refusal("GET", "/api/clients/nobody", 404);
  server.clients.clear();
  EXPECT_EQ(data("/api/clients"), json::array());
}

TEST_F(rest, status) {
  EXPECT_EQ(data("/api/clients/client_A/status"),
            json::parse(R"({"client_id":"client_A","connected":true,"authenticated":true,
      "connected_at":"2023-11-14T22:13:20.000042Z","last_heartbeat_seconds_ago":12})"));
  EXPECT_EQ(data("/api/clients/client_B/status"),
            json::parse(R"({"client_id":"client_B","connected":true,"authenticated":true,
      "connected_at":"2023-11-14T22:13:20.000042Z"})"));
  EXPECT_EQ(data("/api/clients/no%22body/status"),
            json::parse(R"({"client_id":"no\"body","connected":false})"));
  expect_refusal("GET", "/api/clients/%FF/status", 400);
  expect_refusal("GET", "/api/clients/a%00b/status", 400);
  expect_refusal("GET", "/api/clients/" + std::string(257, 'a') + "/status", 400);
}

TEST_F(rest, heartbeat) {
  server.clients.push_back({"client_D", machine_seen(59s)});
  server.clients.push_back({"from_the_future", machine_seen(-60s)});
  EXPECT_EQ(data("/api/clients/client_D/heartbeat"),
            json::parse(R"({"client_id":"client_D","last_heartbeat_seconds_ago":59,
      "status":"healthy"})"));
  EXPECT_EQ(data("/api/clients/client_C/heartbeat"),
            json::parse(R"({"client_id":"client_C","last_heartbeat_seconds_ago":60,
      "status":"stale"})"));
  EXPECT_EQ(data("/api/clients/client_B/heartbeat"),
            json::parse(R"({"client_id":"client_B","status":"no_data"})"));
  EXPECT_EQ(data("/api/clients/from_the_future/heartbeat").at("last_heartbeat_seconds_ago"), 0);
  expect_refusal("GET", "/api/clients/nobody/heartbeat", 404);
}

TEST_F(rest, models) {
  const auto llama =
      json::parse(R"([{"id":"llama3","object":"model","created":42,"owned_by":"library"}])");
  EXPECT_EQ(data("/api/clients/client_A/models"), llama);
  EXPECT_EQ(data("/api/clients/client_B/models"), json::array());
  EXPECT_EQ(data("/api/models"), json::value({{"client_A", llama}, {"client_C", json::array()}}));
  expect_refusal("GET", "/api/clients/nobody/models", 404);
  server.clients.clear();
  EXPECT_EQ(data("/api/models"), json::object());
}

TEST_F(rest, models_that_nobody_has) {
  EXPECT_EQ(data("/api/models/unserved"), json::array());
  server.wanted = {{"llama9", 7, server.connected_at, server.connected_at + 5s},
                   {"qwen9", 1, server.connected_at, server.connected_at}};
  const json::array all = data("/api/models/unserved").as_array();
  ASSERT_EQ(all.size(), 2u);
  EXPECT_EQ(all[0], json::value({{"model", "llama9"},
                                 {"requests", 7},
                                 {"first_asked", to_rfc3339(server.connected_at)},
                                 {"last_asked", to_rfc3339(server.connected_at + 5s)}}));
  EXPECT_EQ(data("/api/models/unserved?q=qwen").as_array().size(), 1u);
  EXPECT_EQ(data("/api/models/unserved?limit=1").as_array().size(), 1u);
}

TEST_F(rest, monitoring) {
  const auto expected = json::parse(R"({"client_id":"client_A","cpu_usage":12.3,
      "memory_usage":45.6,"disk_usage":78.9,"computer_name":"box","heartbeat_seconds_ago":12})");
  const json::array all = data("/api/monitoring").as_array();
  ASSERT_EQ(all.size(), 2u);
  EXPECT_EQ(without_heartbeat_time(all[0]), expected);
  EXPECT_EQ(all[1].at("client_id"), "client_C");
  EXPECT_EQ(without_heartbeat_time(data("/api/monitoring/client_A")), expected);
  expect_refusal("GET", "/api/monitoring/client_B", 404);
  expect_refusal("GET", "/api/monitoring/nobody", 404);
}

TEST_F(rest, draining) {
  EXPECT_EQ(data("/api/clients/client_A/drain", "POST"),
            json::parse(R"({"client_id":"client_A","draining":true})"));
  EXPECT_EQ(data("/api/clients/client_A/undrain", "POST"),
            json::parse(R"({"client_id":"client_A","draining":false})"));
  const std::vector<std::pair<std::string, bool>> expected = {{"client_A", true},
                                                              {"client_A", false}};
  EXPECT_EQ(server.drained, expected);
  expect_refusal("POST", "/api/clients/nobody/drain", 404);
  expect_refusal("GET", "/api/clients/client_A/drain", 405);
}

TEST_F(rest, disconnecting) {
  EXPECT_EQ(data("/api/clients/client_A", "DELETE"),
            json::parse(R"({"client_id":"client_A","action":"disconnected"})"));
  data("/api/clients/client_B?for=2m", "DELETE");
  data("/api/clients/client_B?for=0", "DELETE");
  data("/api/clients/client_B?for=24h", "DELETE");
  const std::vector<std::pair<std::string, std::chrono::milliseconds>> expected = {
      {"client_A", 60s}, {"client_B", 120s}, {"client_B", 0s}, {"client_B", 24h}};
  EXPECT_EQ(server.disconnected, expected);
  expect_refusal("DELETE", "/api/clients/nobody", 404);
  for (const char* bad : {"", "soon", "-1s", "86401s", "%zz"}) {
    expect_refusal("DELETE", std::string("/api/clients/client_A?for=") + bad, 400);
  }
  EXPECT_EQ(server.disconnected, expected);
}

TEST_F(rest, health) {
  using state = part_health::state;
  server.parts = {{state::up, wall_time(1s)}, {state::none, wall_time(2s)}, {state::none, {}}};
  json::object data_now = data("/api/health").as_object();
  EXPECT_EQ(data_now.at("timestamp").as_string().size(), 27u);
  data_now.erase("timestamp");
  EXPECT_EQ(json::value(data_now), json::parse(R"({"status":"healthy","uptime_seconds":3601,
      "database":{"state":"up","since":"1970-01-01T00:00:01.000000Z"},
      "cache":{"state":"none","since":"1970-01-01T00:00:02.000000Z"},
      "clients":{"state":"none","since":"1970-01-01T00:00:00.000000Z"}})"));
  for (part_health* part : {&server.parts.database, &server.parts.cache, &server.parts.clients}) {
    const auto before = std::exchange(part->is, state::down);
    EXPECT_EQ(data("/api/health").at("status"), "degraded");
    part->is = before;
  }
}

TEST_F(rest, the_server) {
  EXPECT_EQ(data("/api/stats"), json::parse(R"({"active_clients":3,"pending_connections":2,
      "total_connections":77,"waiting_requests":5,"uptime_seconds":3601})"));
  EXPECT_EQ(data("/api/connections"), json::parse(R"({"active_clients":3,"pending_connections":2,
      "client_ids":["client_A","client_B","client_C"]})"));
  EXPECT_EQ(data("/api/connections/pending"),
            json::parse(R"({"count":2,"connection_ids":["p1","p2"]})"));
  const auto ports = json::parse(
      R"({"control_port":17000,"proxy_port":17001,"public_port":18080,"api_port":18081})");
  EXPECT_EQ(data("/api/config"), ports);
  EXPECT_EQ(data("/api/ports"), ports);
}

TEST_F(rest, users_and_tokens) {
  EXPECT_EQ(data("/api/users"), json::parse(R"(["a@example.com","b@example.com"])"));
  EXPECT_EQ(data("/api/tokens/active"), json::parse(R"({"active_token_count":2,"tokens":[
      {"token_prefix":"01234567...","email":"a@example.com"},
      {"token_prefix":"short...","email":"b@x.y"}]})"));
  server.store_error = net::errc::late;
  expect_refusal("GET", "/api/users", 503);
  expect_refusal("GET", "/api/tokens/active", 503);
}

TEST_F(rest, is_guarded) {
  EXPECT_EQ(ask("GET", "/api/clients", "Host: rebound.example\r\n").status, 403);
  EXPECT_EQ(
      ask("DELETE", "/api/clients/client_A", "Host: localhost\r\nOrigin: https://evil.example\r\n")
          .status,
      403);
  EXPECT_TRUE(server.disconnected.empty());
  answers = make_rest_api(server, {.token = secret("s3cret")});
  EXPECT_EQ(ask("GET", "/api/clients").status, 401);
  EXPECT_EQ(ask("GET", "/api/clients", "Host: x\r\nAuthorization: Bearer s3cret\r\n").status, 200);
  EXPECT_EQ(ask("GET", "/nothing").status, 401);
}

TEST_F(rest, knows_its_routes_only) {
  expect_refusal("GET", "/api", 404);
  expect_refusal("GET", "/api/clients/a/b", 404);
  expect_refusal("POST", "/api/clients", 405);
  expect_refusal("DELETE", "/api/health", 405);
  EXPECT_EQ(rest_routes(server).size(), 48u);
}

TEST_F(rest, metrics) {
  server.parts.database.is = part_health::state::down;
  server.parts.cache.is = part_health::state::none;
  server.figures.answers = {1, 2, 3, 4, 5, 6};
  server.figures.keys = {{"process", 8}, {"database", 9}};
  server.figures.workers = {{1, 2, 0s, 0, 0, 11, 22}, {10, 20, 500ms, 0, 0, 11, 22}};
  server.figures.took.counts[0] = server.figures.took.counts.back() = 1;
  server.figures.took.seconds = 500.5;
  server.figures.usage = {
      {"a", "m", {.requests = 9, .errors = 2, .prompt_tokens = 4, .completion_tokens = 5}}};
  server.figures.store_errors = 12;
  server.figures.queues = {{"passwords", 3}};
  server.figures.process.open_descriptors = 33;
  server.figures.started = wall_time(1'700'000'000s);
  const http::response answer = ask("GET", "/metrics");
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.content_type, "text/plain; version=0.0.4; charset=utf-8");
  for (const char* line : {
           "frpx_sessions 3",
           "frpx_pending_streams 2",
           "frpx_visitors_total 77",
           "frpx_requests_total{status=\"none\"} 1",
           "frpx_requests_total{status=\"1xx\"} 2",
           "frpx_requests_total{status=\"5xx\"} 6",
           "frpx_key_checks_total{by=\"process\"} 8",
           "frpx_client_requests_total{client=\"client_A\"} 44",
           "frpx_client_in_flight{client=\"client_C\"} 3",
           "frpx_request_duration_seconds_bucket{le=\"0.001\"} 1",
           "frpx_request_duration_seconds_bucket{le=\"300\"} 1",
           "frpx_request_duration_seconds_bucket{le=\"+Inf\"} 2",
           "frpx_request_duration_seconds_count 2",
           "frpx_request_duration_seconds_sum 500.5",
           "frpx_time_to_first_byte_seconds_count 0",
           "frpx_model_requests_total{client=\"a\",model=\"m\",status=\"ok\"} 7",
           "frpx_model_requests_total{client=\"a\",model=\"m\",status=\"error\"} 2",
           "frpx_model_tokens_total{client=\"a\",model=\"m\",kind=\"completion\"} 5",
           "frpx_relayed_bytes_total{direction=\"to_visitor\"} 44",
           "frpx_store_errors_total 12",
           "frpx_queue_length{queue=\"passwords\"} 3",
           "frpx_database_up 0",
           "frpx_worker_loop_lag_seconds{worker=\"1\"} 0.5",
           "frpx_worker_visitors{worker=\"0\"} 1",
           "frpx_worker_posts_total{worker=\"1\"} 20",
           "process_open_fds 33",
           "process_start_time_seconds 1700000000",
       }) {
    EXPECT_NE(answer.body.find("\n" + std::string(line) + "\n"), std::string::npos) << line;
  }
  EXPECT_EQ(answer.body.find("cache_up"), std::string::npos) << "there is none";
}

TEST_F(rest, metrics_of_many_clients_are_cut_off) {
  const auto series = [this] {
    const std::string body = ask("GET", "/metrics").body;
    std::size_t count = 0;
    constexpr std::string_view name = "\nfrpx_client_in_flight{";
    for (auto at = body.find(name); at != body.npos; at = body.find(name, at + 1)) ++count;
    return count;
  };
  server.clients.assign(most_client_series, {"one"});
  EXPECT_EQ(series(), most_client_series);
  server.clients.push_back({"one too many"});
  EXPECT_EQ(series(), most_client_series);
}

TEST_F(rest, usage_is_told_by_key_client_or_model) {
  const json::object numbers{{"requests", 1},  {"errors", 2},        {"bytes_in", 3},
                             {"bytes_out", 4}, {"prompt_tokens", 5}, {"completion_tokens", 6}};
  struct example {
    const char* query;
    usage_by by;
    json::object names;
  };
  const example examples[] = {
      {"", usage_by::key, {{"key_id", "id"}, {"key_name", "a name"}}},
      {"?by=key", usage_by::key, {{"key_id", "id"}, {"key_name", "a name"}}},
      {"?by=client&from=1h", usage_by::client, {{"client_id", "id"}}},
      {"?to=0&by=m%6fdel", usage_by::model, {{"model", "id"}}},
  };
  for (const example& each : examples) {
    json::object expected = each.names;
    expected.insert(numbers.begin(), numbers.end());
    EXPECT_EQ(data(std::string("/api/usage") + each.query), json::value(json::array{expected}));
    EXPECT_EQ(server.usage_questions.back().by, each.by) << each.query;
  }
}

TEST_F(rest, usage_is_asked_for_a_time) {
  const auto within_a_minute = [](wall_time left, wall_time right) {
    return left - right < 1min && right - left < 1min;
  };
  data("/api/usage");
  EXPECT_TRUE(within_a_minute(server.usage_questions.back().from,
                              wall_clock::now() - std::chrono::days(30)));
  EXPECT_TRUE(within_a_minute(server.usage_questions.back().to, wall_clock::now()));
  data("/api/usage?from=2026-11-19&to=2026-11-20T08:00:00Z");
  EXPECT_EQ(server.usage_questions.back().from, parse_rfc3339("2026-11-19T00:00:00Z"));
  EXPECT_EQ(server.usage_questions.back().to, parse_rfc3339("2026-11-20T08:00:00Z"));
  for (const char* query : {"?from=", "?from=soon", "?to=2026-", "?by=", "?by=user", "?by=%zz"}) {
    expect_refusal("GET", std::string("/api/usage") + query, 400);
  }
  server.store_error = make_error_code(boost::system::errc::timed_out);
  expect_refusal("GET", "/api/usage", 503);
}

}  // namespace
}  // namespace frpx::api
