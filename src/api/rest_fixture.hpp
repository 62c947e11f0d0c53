// The REST API on a server of a test's making; every answer is held against the document.
#pragma once

#include <gtest/gtest.h>

#include <boost/json/parse.hpp>

#include "api/described_api.hpp"
#include "api/openapi.hpp"
#include "api/rest.hpp"
#include "api/traffic.hpp"
#include "identity/errors.hpp"
#include "net/error.hpp"
#include "ports/errc.hpp"
#include "store/store.hpp"
#include "tests/support/event_loop.hpp"

namespace frpx::api {

namespace json = boost::json;
using namespace std::chrono_literals;

/// A server as a test wants it.
class fake_server final : public server_view {
 public:
  explicit fake_server(net::timers& clock) : told(clock), minutes(clock, [this] { return read; }) {}

  struct client {
    std::string id;
    std::optional<session_info::machine> system = std::nullopt;
    std::optional<std::vector<wire::model>> models = std::nullopt;
    std::uint32_t most_in_flight = 0;
  };
  std::vector<client> clients;
  std::vector<unserved_model> wanted;
  server_health parts;
  server_metrics figures;
  const std::unique_ptr<store::store> rows = store::open("memory:").value();
  error_code store_error;
  std::vector<std::pair<std::string, std::chrono::milliseconds>> disconnected;
  struct asked_usage {
    usage_by by;
    wall_time from;
    wall_time to;
  };
  std::vector<asked_usage> usage_questions;
  std::vector<std::pair<std::string, bool>> drained;
  event_log told;
  traffic_log::reading read;
  traffic_log minutes;
  std::vector<service_info> exposed;
  std::vector<ports::lease> promised;
  reload_report reloaded;
  login_book book;
  std::map<std::string, operator_user> operators;
  int operators_asked = 0;
  const wall_time connected_at = wall_time(1'700'000'000'000'042us);

  event_log& events() override { return told; }
  login_book& logins() override { return book; }
  boost::asio::awaitable<result<operator_user>> log_in(std::string email, secret password,
                                                       boost::asio::ip::address) override {
    const auto found = operators.find(email);
    if (store_error) co_return store_error;
    if (found == operators.end() || password.reveal() != "right") {
      co_return identity::make_error_code(identity::errc::wrong_credentials);
    }
    co_return found->second;
  }
  boost::asio::awaitable<result<operator_user>> find_operator(std::string email) override {
    ++operators_asked;
    const auto found = operators.find(email);
    if (store_error) co_return store_error;
    if (found == operators.end()) co_return make_error_code(store::errc::not_found);
    co_return found->second;
  }
  std::size_t session_count() const override { return clients.size(); }
  session_info session_at(std::size_t place) const override { return info(clients.at(place)); }
  std::optional<session_info> find_session(std::string_view id) const override {
    for (const client& each : clients) {
      if (each.id == id) return info(each);
    }
    return std::nullopt;
  }
  std::vector<unserved_model> unserved_models() const override { return wanted; }
  server_stats stats() const override { return {clients.size(), 2, 77, 3601s, 5}; }
  boost::asio::awaitable<std::vector<std::string>> pending_connections() override {
    co_return std::vector<std::string>{"p1", "p2"};
  }
  listening_ports ports() const override { return {17000, 17001, 18080, 18081, 0}; }
  boost::asio::awaitable<server_metrics> metrics() override { co_return figures; }
  server_health health() const override { return parts; }
  boost::asio::awaitable<identity::outcome> run(verb what) override {
    identity::outcome said;
    if (store_error) {
      said = identity::refused(identity::form::json, "away", store_error);
    } else {
      said = what(*rows);
    }
    co_return said;
  }
  const traffic_log& traffic() const override { return minutes; }
  boost::asio::awaitable<std::vector<service_info>> services() override { co_return exposed; }
  std::vector<ports::lease> leases() const override { return promised; }
  boost::asio::awaitable<result<ports::lease>> release_lease(std::string name) override {
    if (store_error) co_return store_error;
    for (auto at = promised.begin(); at != promised.end(); ++at) {
      if (at->proxy != name) continue;
      const ports::lease gone = *at;
      promised.erase(at);
      co_return gone;
    }
    co_return ports::make_error_code(ports::errc::unknown_proxy);
  }
  boost::asio::awaitable<result<reload_report>> reload() override { co_return reloaded; }
  bool disconnect(std::string_view id, std::chrono::milliseconds refused_for) override {
    if (!find_session(id)) return false;
    disconnected.emplace_back(id, refused_for);
    return true;
  }
  bool drain(std::string_view id, bool drains) override {
    if (!find_session(id)) return false;
    drained.emplace_back(id, drains);
    return true;
  }
  boost::asio::awaitable<result<std::vector<std::string>>> users() override {
    if (store_error) co_return store_error;
    co_return std::vector<std::string>{"a@example.com", "b@example.com"};
  }
  boost::asio::awaitable<result<std::vector<active_token>>> active_tokens() override {
    if (store_error) co_return store_error;
    co_return std::vector<active_token>{{"0123456789abcdef", "a@example.com"}, {"short", "b@x.y"}};
  }
  boost::asio::awaitable<result<std::vector<usage_sum>>> usage(usage_by by, wall_time from,
                                                               wall_time to) override {
    usage_questions.push_back({by, from, to});
    if (store_error) co_return store_error;
    co_return std::vector<usage_sum>{{"id", "a name", 1, 2, 3, 4, 5, 6}};
  }

 private:
  session_info info(const client& of) const {
    session_info out;
    out.client_id = of.id;
    out.user = "a@example.com";
    out.connected_at = connected_at;
    out.system = of.system;
    out.address = "192.0.2.7:4711";
    out.in_flight = 3;
    out.most_in_flight = of.most_in_flight;
    out.weight = 2;
    out.requests = 44;
    if (of.models) out.models = *of.models;
    return out;
  }
};

inline session_info::machine machine_seen(std::chrono::seconds ago) {
  return {12.3f, 45.6f, 78.9f, "box", wall_clock::now() - ago - 100ms};
}

class rest : public testing::Test {
 protected:
  rest() {
    server.clients = {
        {"client_A", machine_seen(12s),
         std::vector<wire::model>{{"llama3", "model", 42, "library"}}, 8},
        {"client_B"},
        {"client_C", machine_seen(60s), std::vector<wire::model>{}},
    };
  }

  /// Each answer is held against what the document says of it.
  http::response ask(std::string_view method, std::string_view target,
                     std::string_view fields = "Host: localhost\r\n", std::string_view body = {}) {
    const std::string text = std::string(method) + " " + std::string(target) + " HTTP/1.1\r\n" +
                             std::string(fields) + "\r\n";
    http::request_head head;
    EXPECT_FALSE(http::parse_request(text, {}, head)) << text;
    http::request asked;
    asked.head = &head;
    asked.body = body;
    http::response given = loop_.await(answers(asked));
    if (given.status == 204) return given;
    const std::string_view as = method == "HEAD" ? "GET" : method;
    EXPECT_EQ(described_.problem_of(as, head.path, given), "") << text << given.body;
    return given;
  }
  // The data of an answer in a whole envelope of success.
  json::value data(std::string_view target, std::string_view method = "GET",
                   std::string_view body = {}) {
    const http::response answer = ask(method, target, "Host: localhost\r\n", body);
    EXPECT_EQ(answer.status, 200) << target << answer.body;
    EXPECT_EQ(answer.content_type, "application/json");
    const json::object envelope = json::parse(answer.body).as_object();
    EXPECT_EQ(envelope.size(), 4u);
    EXPECT_EQ(envelope.at("success"), json::value(true));
    EXPECT_EQ(envelope.at("message"),
              json::value("\xe6\x93\x8d\xe4\xbd\x9c\xe6\x88\x90\xe5\x8a\x9f"));
    EXPECT_EQ(envelope.at("timestamp").as_string().size(), 27u);
    EXPECT_TRUE(envelope.at("timestamp").as_string().ends_with('Z'));
    return envelope.at("data");
  }
  /// Returns why.
  std::string expect_refusal(std::string_view method, std::string_view target, int status,
                             std::string_view body = {}) {
    const http::response answer = ask(method, target, "Host: localhost\r\n", body);
    EXPECT_EQ(answer.status, status) << target << body;
    const json::object envelope = json::parse(answer.body).as_object();
    EXPECT_EQ(envelope.at("success"), json::value(false)) << target;
    EXPECT_TRUE(envelope.at("data").is_null()) << target;
    EXPECT_FALSE(envelope.at("message").as_string().empty()) << target;
    EXPECT_TRUE(envelope.contains("timestamp")) << target;
    return std::string(envelope.at("message").as_string());
  }
  // Every time of day is taken out, for it differs from run to run.
  static json::value without_heartbeat_time(json::value system) {
    EXPECT_EQ(system.as_object().at("last_heartbeat").as_string().size(), 27u);
    system.as_object().erase("last_heartbeat");
    return system;
  }

  test::event_loop loop_;
  fake_server server{loop_->timers()};
  http::handler answers = make_rest_api(server, {});

 private:
  const described_api described_{openapi_document()};
};

}  // namespace frpx::api
