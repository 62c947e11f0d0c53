#include "keeper/endpoint.hpp"

#include <gtest/gtest.h>

#include "http/router.hpp"
#include "http/service_fixture.hpp"
#include "keeper/operators.hpp"
#include "ports/memory_leases.hpp"

namespace frpx::keeper {
namespace {

constexpr std::string_view unchange = R"({"reject":false,"unchange":true})";
constexpr std::string_view invalid_inputs =
    R"({"error":"VALIDATEERR","message":"Invalid inputs. Please check your frpc.ini config"})";

// The keeper's endpoints on a port, as its program serves them, but without a guard.
class keeper_fixture {
 public:
  explicit keeper_fixture(const char* ranges, bool strict = false, bool allow_no_user = false)
      : leases_(start(ranges, strict)), plugin_(*leases_, allow_no_user) {
    auto routes = health_routes(*leases_, plugin_);
    for (auto& each : lease_routes(*leases_)) routes.push_back(std::move(each));
    routes.push_back({"POST", "/port-registrations", handler_of(plugin_)});
    service_.emplace(http::router(std::move(routes)));
    visitor_.emplace(service_->port());
  }

  struct answer {
    int status = 0;
    std::string body;
  };
  answer ask(std::string_view method, const std::string& target, std::string_view body = {},
             std::string_view extra = {}) {
    visitor_->send(std::string(method) + " " + target + " HTTP/1.1\r\nHost: localhost\r\n" +
                   std::string(extra) + "Content-Length: " + std::to_string(body.size()) +
                   "\r\n\r\n" + std::string(body));
    const std::string text = visitor_->read_response();
    return {std::stoi(text.substr(9, 3)), text.substr(text.find("\r\n\r\n") + 4)};
  }
  answer post(const std::string& query, std::string_view body) {
    return ask("POST", "/port-registrations" + query, body);
  }
  answer new_proxy(const std::string& content) {
    return post("?op=NewProxy&version=0.1.0",
                R"({"version":"0.1.0","op":"NewProxy","content":)" + content + "}");
  }
  ports::leases& leases() { return *leases_; }

 private:
  static std::unique_ptr<ports::leases> start(const char* text, bool strict) {
    std::string problem;
    ports::lease_options options;
    options.by.allowed = ports::ranges::parse(text, problem).value();
    options.by.strict = strict;
    return ports::leases::start(std::make_unique<ports::memory_leases>(), options).value();
  }

  const std::unique_ptr<ports::leases> leases_;
  endpoint plugin_;
  std::optional<http::test_service> service_;
  std::optional<http::test_visitor> visitor_;
};

std::string proxy(const std::string& name, const std::string& kind = "tcp",
                  const std::string& more = {}) {
  return R"({"user":{"user":"u","metas":null,"run_id":"r1"},"proxy_name":")" + name +
         R"(","proxy_type":")" + kind + "\"" + more + "}";
}

std::string given(std::string content, int port) {
  content.pop_back();
  return R"({"unchange":false,"content":)" + content + R"(,"remote_port":)" + std::to_string(port) +
         "}}";
}

TEST(endpoint, gives_a_port_and_the_same_again) {
  keeper_fixture keeper("6000-6001");
  for (const char* name : {"u.a", "u.b", "u.a"}) {
    const auto answer = keeper.new_proxy(proxy(name));
    EXPECT_EQ(answer.status, 200);
    EXPECT_EQ(answer.body, given(proxy(name), name[2] == 'a' ? 6000 : 6001));
  }
  const auto none = keeper.new_proxy(proxy("u.c"));
  EXPECT_EQ(none.status, 200);
  EXPECT_EQ(none.body, R"({"reject":true,"reject_reason":"NO_MORE_FREE_PORTS_LEFT"})");
}

TEST(endpoint, strict_rejects_a_wish_that_cannot_be_met) {
  keeper_fixture keeper("6000-6001", true);
  EXPECT_EQ(keeper.new_proxy(proxy("u.a", "tcp", R"(,"remote_port":7000)")).body,
            R"({"reject":true,"reject_reason":"REMOTE_PORT_NOT_AVAILABLE"})");
  const auto met = keeper.new_proxy(proxy("u.a", "tcp", R"(,"remote_port":6001)"));
  EXPECT_NE(met.body.find(R"("remote_port":6001)"), std::string::npos) << met.body;
}

TEST(endpoint, the_operation_is_the_querys_else_the_bodys) {
  const std::string content = proxy("u.a");
  const auto body = [&](const char* op) {
    return R"({"op":")" + std::string(op) + R"(","content":)" + content + "}";
  };
  const struct {
    const char* query;
    std::string body;
    int status;
    std::string answer;
  } cases[] = {
      {"?op=NewProxy", body("NewProxy"), 200, given(content, 6000)},
      {"", body("NewProxy"), 200, given(content, 6000)},
      {"?op=", body("NewProxy"), 200, given(content, 6000)},
      {"?op=NewProxy", R"({"content":)" + content + "}", 200, given(content, 6000)},
      {"?op=New%50roxy", body("NewProxy"), 200, given(content, 6000)},
      {"?op=Login", body("NewProxy"), 400, std::string(invalid_inputs)},
      {"?op=NewProxy", body("Login"), 400, std::string(invalid_inputs)},
      {"?op=%zz", body("NewProxy"), 400, std::string(invalid_inputs)},
      {"", R"({"content":{}})", 400, std::string(invalid_inputs)},
      {"", "", 400, std::string(invalid_inputs)},
      {"?op=NewProxy", "", 400, std::string(invalid_inputs)},
      {"?op=NewProxy", R"({"op":"NewProxy"})", 400, std::string(invalid_inputs)},
      {"?op=NewProxy", R"({"op":"NewProxy","content":null})", 400, std::string(invalid_inputs)},
      {"?op=Login", R"({"op":"Login","content":{"user":"plain"}})", 200, std::string(unchange)},
      {"?op=Ping", "not JSON", 200, std::string(unchange)},
      {"?op=CloseProxy", "", 200, std::string(unchange)},
      {"", R"({"op":"NewWorkConn","content":7})", 200, std::string(unchange)},
      {"?op=NewUserConn", R"({"op":"NewUserConn","content":null})", 200, std::string(unchange)},
      {"?op=Unheard", R"({"content":{"user":"x"}})", 200, std::string(unchange)},
      {"?op=newproxy", R"({"content":{}})", 200, std::string(unchange)},
  };
  ASSERT_GT(std::size(cases), 0u);
  keeper_fixture keeper("6000-6001");
  for (const auto& each : cases) {
    const auto answer = keeper.post(each.query, each.body);
    EXPECT_EQ(answer.status, each.status) << each.query << " " << each.body;
    EXPECT_EQ(answer.body, each.answer) << each.query << " " << each.body;
  }
}

TEST(endpoint, kinds_without_a_port_are_left_as_they_are) {
  keeper_fixture keeper("6000-6001");
  for (const char* kind : {"http", "https", "stcp", "sudp", "xtcp", "tcpmux"}) {
    const auto answer = keeper.new_proxy(proxy("u.a", kind));
    EXPECT_EQ(answer.status, 200) << kind;
    EXPECT_EQ(answer.body, unchange) << kind;
  }
  EXPECT_EQ(keeper.leases().look().leases, 0u);
}

TEST(endpoint, no_user_is_refused_unless_allowed) {
  const std::string content = R"({"user":{"user":""},"proxy_name":"p","proxy_type":"tcp"})";
  keeper_fixture strict("6000-6001");
  EXPECT_EQ(strict.new_proxy(content).status, 400);
  keeper_fixture lax("6000-6001", false, true);
  EXPECT_EQ(lax.new_proxy(content).body, given(content, 6000));
}

TEST(endpoint, a_web_page_is_refused) {
  keeper_fixture keeper("6000-6001");
  EXPECT_EQ(keeper
                .ask("POST", "/port-registrations?op=NewProxy",
                     R"({"content":)" + proxy("u.a") + "}", "Origin: http://evil.example\r\n")
                .status,
            403);
  EXPECT_EQ(keeper.leases().look().leases, 0u);
}

TEST(endpoint, wrong_methods_and_paths) {
  keeper_fixture keeper("6000-6001");
  EXPECT_EQ(keeper.ask("GET", "/port-registrations").status, 405);
  EXPECT_EQ(keeper.ask("PUT", "/port-registrations").status, 405);
  EXPECT_EQ(keeper.ask("POST", "/").status, 404);
  EXPECT_EQ(keeper.ask("POST", "/port-registrations/").status, 404);
  EXPECT_EQ(keeper.ask("POST", "/ping").status, 405);
}

TEST(endpoint, signs_of_life_are_noted) {
  keeper_fixture keeper("6000-6001");
  keeper.new_proxy(proxy("u.a"));
  keeper.post("?op=Ping", R"({"op":"Ping","content":{"user":{"user":"u","run_id":"r1"}}})");
  EXPECT_EQ(keeper.leases().find("u.a")->state, ports::use::pinged);
  keeper.post("?op=CloseProxy",
              R"({"op":"CloseProxy","content":{"user":{"run_id":"r1"},"proxy_name":"u.a"}})");
  EXPECT_EQ(keeper.leases().find("u.a")->state, ports::use::closed);
}

TEST(operators, look_and_change) {
  keeper_fixture keeper("6000-6005");
  keeper.new_proxy(proxy("u.a", "udp"));
  keeper.new_proxy(proxy("u.b"));
  const auto list = keeper.ask("GET", "/leases/u.a");
  EXPECT_EQ(list.status, 200);
  EXPECT_EQ(list.body.find(R"({"proxy":"u.a","port":6000,"transport":"udp","user":"u","group":"",)"
                           R"("state":"open","created":")"),
            0u)
      << list.body;
  const struct {
    const char* method;
    const char* path;
    const char* body;
    int status;
  } cases[] = {
      {"GET", "/leases/nobody", "", 404},
      {"DELETE", "/leases/nobody", "", 404},
      {"PUT", "/leases/u.a", R"({"port":6001})", 409},
      {"PUT", "/leases/u.a", R"({"port":7000})", 400},
      {"PUT", "/leases/u.a", R"({"port":0})", 400},
      {"PUT", "/leases/u.a", R"({"port":65536})", 400},
      {"PUT", "/leases/u.a", R"({"port":"6004"})", 400},
      {"PUT", "/leases/u.a", R"({"port":6004,"x":1})", 400},
      {"PUT", "/leases/u.a", R"({"port":6004,"transport":"sctp"})", 400},
      {"PUT", "/leases/u.a", R"({"port":6004,"transport":1})", 400},
      {"PUT", "/leases/u.a", "", 400},
      {"PUT", "/leases/%0a", R"({"port":6004})", 400},
      {"PUT", "/leases/u.a", R"({"port":6004})", 200},
      {"PUT", "/leases/u.new%2Fx", R"({"port":6003,"transport":"udp"})", 200},
      {"DELETE", "/leases/u.b", "", 200},
      {"DELETE", "/leases/u.b", "", 404},
      {"POST", "/leases/u.a", "", 405},
  };
  ASSERT_GT(std::size(cases), 0u);
  for (const auto& each : cases) {
    EXPECT_EQ(keeper.ask(each.method, each.path, each.body).status, each.status)
        << each.method << " " << each.path << " " << each.body;
  }
  EXPECT_EQ(keeper.leases().find("u.a")->port, 6004);
  EXPECT_EQ(keeper.leases().find("u.a")->over, ports::transport::udp);
  EXPECT_EQ(keeper.leases().find("u.new/x")->port, 6003);
  EXPECT_FALSE(keeper.leases().find("u.b"));
}

TEST(operators, health_and_metrics) {
  keeper_fixture keeper("6000-6001");
  EXPECT_EQ(keeper.ask("GET", "/ping").body, "pong");
  for (int i = 0; i < 3; ++i) keeper.new_proxy(proxy("u.a"));
  keeper.new_proxy("{}");
  const auto health = keeper.ask("GET", "/healthz");
  EXPECT_EQ(health.status, 200);
  EXPECT_EQ(health.body, R"({"status":"healthy","leases":1,"free_ports":1})");
  const std::string metrics = keeper.ask("GET", "/metrics").body;
  for (const char* line : {"frp_port_keeper_requests_total{answer=\"known\"} 2\n",
                           "frp_port_keeper_requests_total{answer=\"given\"} 1\n",
                           "frp_port_keeper_requests_total{answer=\"invalid\"} 1\n",
                           "\n# TYPE frp_port_keeper_leases gauge\nfrp_port_keeper_leases 1\n",
                           "frp_port_keeper_free_ports 1\n", "frp_port_keeper_store_up 1\n"}) {
    EXPECT_NE(metrics.find(line), std::string::npos) << line << metrics;
  }
}

}  // namespace
}  // namespace frpx::keeper
