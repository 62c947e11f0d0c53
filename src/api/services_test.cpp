#include "api/rest_fixture.hpp"
#include "core/log_level.hpp"

namespace frpx::api {
namespace {

class services : public rest {
 protected:
  services() {
    server.exposed = {{.name = "default",
                       .account = "a@example.com",
                       .kind = service_kind::http,
                       .outer_port = 18080,
                       .clients = {"client_A", "client_B"},
                       .visitors = 3,
                       .bytes_in = 1,
                       .bytes_out = 2,
                       .opened_at = wall_time(1s)},
                      {.name = "dns",
                       .account = "a@example.com",
                       .group = "g",
                       .kind = service_kind::udp,
                       .outer_port = 9953,
                       .clients = {"client_A"},
                       .visitors = 1,
                       .bytes_in = 3,
                       .bytes_out = 4,
                       .local_address = "127.0.0.1:53",
                       .opened_at = wall_time(2s)}};
    server.promised = {{.proxy = "a@example.com/dns",
                        .port = 9953,
                        .over = ports::transport::udp,
                        .created = wall_time(1s),
                        .used = wall_time(2s)},
                       {.proxy = "9953", .port = 9954, .created = {}, .used = {}}};
  }
};

TEST_F(services, are_told_with_those_who_serve_them) {
  EXPECT_EQ(data("/api/services"), json::parse(R"([
      {"name":"default","account":"a@example.com","kind":"http","outer_port":18080,
       "clients":["client_A","client_B"],"group":null,"visitors":3,"bytes_in":1,"bytes_out":2,
       "opened_at":"1970-01-01T00:00:01.000000Z"},
      {"name":"dns","account":"a@example.com","kind":"udp","outer_port":9953,
       "clients":["client_A"],"group":"g","visitors":1,"bytes_in":3,"bytes_out":4,
       "opened_at":"1970-01-01T00:00:02.000000Z"}])"));
  const json::array tunnels = data("/api/tunnels").as_array();
  ASSERT_EQ(tunnels.size(), 3u);
  EXPECT_EQ(tunnels[2], json::parse(R"({"service":"dns","client_id":"client_A",
      "account":"a@example.com","kind":"udp","outer_port":9953,"visitors":1,
      "local_address":"127.0.0.1:53","opened_at":"1970-01-01T00:00:02.000000Z"})"));
  EXPECT_EQ(data("/api/tunnels?client_id=client_B").as_array().size(), 1u);
}

TEST_F(services, leases_are_released_by_name_or_port) {
  EXPECT_EQ(data("/api/leases").at(0), json::parse(R"({"name":"a@example.com/dns","account":"","kind":"udp",
      "outer_port":9953,"since":"1970-01-01T00:00:01.000000Z",
      "last_used":"1970-01-01T00:00:02.000000Z"})"));
  EXPECT_EQ(data("/api/leases/9953", "DELETE").at("outer_port"), 9954) << "a name is a better one";
  EXPECT_EQ(data("/api/leases/9953", "DELETE").at("name"), "a@example.com/dns");
  expect_refusal("DELETE", "/api/leases/9953", 404);
  expect_refusal("DELETE", "/api/leases/a%00b", 400);
  server.promised = {{.proxy = "a/b", .port = 1, .created = {}, .used = {}}};
  EXPECT_EQ(data("/api/leases/a%2Fb", "DELETE").at("name"), "a/b");
  server.store_error = make_error_code(boost::system::errc::timed_out);
  expect_refusal("DELETE", "/api/leases/x", 503);
}

TEST_F(services, traffic_is_told_as_differences) {
  server.read.requests = 10;
  server.read.took.counts[0] = 10;
  server.read.in_flight = 2;
  server.minutes.take(wall_time(5s));
  server.read.requests = 14;
  server.read.errors = 1;
  server.read.took.counts[0] = 12;
  server.minutes.take(wall_time(10s));
  server.minutes.take(wall_time(15s));
  const auto told = data("/api/traffic");
  EXPECT_EQ(told.at("interval_seconds"), 5);
  EXPECT_EQ(told.at("samples").at(1), json::parse(R"({"at":"1970-01-01T00:00:10.000000Z",
      "requests":4,"errors":1,"bytes_in":0,"bytes_out":0,"p50_ms":0.5,"p99_ms":0.99,"inflight":2,
      "active_clients":0})"));
  EXPECT_TRUE(told.at("samples").at(2).at("p50_ms").is_null()) << "nobody came";
  for (std::size_t i = 0; i < traffic_log::most; ++i) server.minutes.take(wall_time(20s));
  EXPECT_EQ(data("/api/traffic").at("samples").as_array().size(), traffic_log::most);
}

TEST_F(services, the_log_level_is_changed_and_the_configuration_read_anew) {
  const auto before = log::lowest_level();
  EXPECT_EQ(data("/api/log-level", "PUT", R"({"level":"warn"})").at("level"), "warn");
  EXPECT_EQ(log::lowest_level(), log::level::warn);
  EXPECT_EQ(data("/api/log-level").at("level"), "warn");
  log::set_lowest_level(before);
  for (const char* bad : {"", R"({"level":"loud"})", R"({"level":3})"}) {
    expect_refusal("PUT", "/api/log-level", 400, bad);
  }
  server.reloaded = {.applied = {"log-level"}, .needs_restart = {"workers"}};
  EXPECT_EQ(data("/api/reload", "POST"),
            json::parse(R"({"applied":["log-level"],"needs_restart":["workers"]})"));
  server.reloaded = {.problem = "frps.toml:3: no"};
  EXPECT_EQ(expect_refusal("POST", "/api/reload", 409), "frps.toml:3: no");
}

}  // namespace
}  // namespace frpx::api
