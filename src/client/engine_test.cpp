// How a client becomes registered, stays so, and comes back.
#include "client/engine.hpp"

#include <sys/stat.h>

#include <fstream>
#include <thread>

#include "tests/support/client_fixture.hpp"

namespace frpx::client {
namespace {

using namespace std::chrono_literals;
using test::http_answer;
using test::scripted_peer;

class engine_test : public test::client_test {
 protected:
  void refuse_login(scripted_peer& control, const std::string& why) {
    control.send(wire::login_result{.success = false, .error = why, .token = {}, .caps = {}});
    control.close();
  }
  static kept_token token_for(const config::frpc_options& options, std::string text) {
    return {secret(std::move(text)), "127.0.0.1:" + std::to_string(options.control_port),
            options.email};
  }
};

TEST_F(engine_test, logs_in_registers_and_reports) {
  start();
  scripted_peer control = control_.accept();
  const auto login = control.expect<wire::login>();
  EXPECT_EQ(login.email, "test@example.com");
  EXPECT_EQ(login.pass.reveal(), "123456");
  EXPECT_EQ(login.caps, (std::vector<std::string>{"link/1", "choice/1", "services/1"}));
  EXPECT_TRUE(uuid::parse(login.instance)) << login.instance;
  control.send(
      wire::login_result{.success = true, .error = {}, .token = secret("tok"), .caps = {}});
  EXPECT_EQ(control.expect<wire::register_client>().client_id, "client_A");
  control.send(wire::register_result{true, {}});

  control.expect<wire::heartbeat>();
  const auto info = control.expect<wire::system_info>();
  EXPECT_FALSE(info.computer_name.empty());
  EXPECT_GT(info.memory_usage, 0);
  answer_models();
  const auto beat = control.expect<wire::heartbeat>();
  ASSERT_EQ(beat.models.size(), 3u);
  EXPECT_EQ(beat.models[1], (wire::model{"b", "model", 2, "x"}));

  const auto kept = load_token(settings_.options.token_file);
  ASSERT_TRUE(kept && *kept);
  EXPECT_EQ((*kept)->token.reveal(), "tok");
  EXPECT_EQ((*kept)->server, "127.0.0.1:" + std::to_string(control_.port()));
  EXPECT_EQ((*kept)->email, "test@example.com");
  for (const char* line :
       {"info Successfully logged in.\n", "info Successfully registered with the server.\n",
        "info Successfully fetched 3 models from Ollama.\n"}) {
    EXPECT_EQ(log_.count(line), 1u) << line;
  }
  for (const char* secret : {"tok\n", "tok ", "123456"}) EXPECT_EQ(log_.count(secret), 0u);
  EXPECT_EQ(states_, (std::vector<state>{state::resolving, state::connecting, state::logging_in,
                                         state::registering, state::registered}));
}

TEST_F(engine_test, reports_do_not_wait_for_a_model_listing_that_hangs) {
  settings_.heartbeat = 20ms;
  start();
  scripted_peer control = accept_client();
  const scripted_peer hanging = local_.accept();
  for (int i = 0; i < 5; ++i) {
    EXPECT_TRUE(control.expect<wire::heartbeat>().models.empty());
    control.expect<wire::system_info>();
  }
}

TEST_F(engine_test, a_period_passes_between_two_reports) {
  settings_.heartbeat = 50ms;
  const steady_time begin = steady_clock::now();
  start();
  scripted_peer control = accept_client();
  for (int i = 0; i < 4; ++i) {
    control.expect<wire::heartbeat>();
    control.expect<wire::system_info>();
  }
  EXPECT_GE(steady_clock::now() - begin, 150ms);
}

TEST_F(engine_test, models_stay_while_the_service_fails_and_go_when_it_is_absent) {
  settings_.heartbeat = 20ms;
  start();
  scripted_peer control = accept_client();
  answer_models();
  await_heartbeat(control, [](const auto& beat) { return beat.models.size() == 3; });
  for (const std::string& trouble :
       {http_answer("500 Internal Server Error", ""), http_answer("200 OK", "no JSON"),
        std::string("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\ncut"), std::string()}) {
    answer_models(trouble);
    for (int i = 0; i < 2; ++i) {
      EXPECT_EQ(await_heartbeat(control, [](const auto&) { return true; }).models.size(), 3u);
    }
  }
  EXPECT_GE(log_.count("Cannot list the models"), 3u);
  local_.close();
  await_heartbeat(control, [](const auto& beat) { return beat.models.empty(); });
  local_.reopen();
  answer_models();
  await_heartbeat(control, [](const auto& beat) { return beat.models.size() == 3; });
}

TEST_F(engine_test, a_trouble_that_lasts_is_said_once) {
  settings_.heartbeat = 10ms;
  local_.close();
  start();
  scripted_peer control = accept_client();
  for (int i = 0; i < 5; ++i) await_heartbeat(control, [](const auto&) { return true; });
  EXPECT_EQ(log_.count("Cannot list the models"), 1u) << log_.text();
}

TEST_F(engine_test, wrong_credentials_end_it) {
  for (const char* why : {"Invalid password", "User not found", "Invalid email or password"}) {
    start();
    scripted_peer control = control_.accept();
    control.expect<wire::login>();
    refuse_login(control, why);
    EXPECT_EQ(await_ending(), ending::credentials_refused) << why;
    EXPECT_FALSE(control_.try_accept());
    EXPECT_EQ(log_.count(std::string("(") + why + ")"), 1u) << log_.text();
  }
}

TEST_F(engine_test, a_server_in_trouble_is_asked_again) {
  start();
  scripted_peer control = control_.accept();
  control.expect<wire::login>();
  refuse_login(control, "Database error");
  scripted_peer again = accept_client();
  again.expect<wire::heartbeat>();
  EXPECT_EQ(log_.count("Database error"), 1u);
}

TEST_F(engine_test, a_refused_token_leads_to_the_credentials_on_a_new_connection) {
  settings_.token = token_for(settings_.options, "old");
  start();
  scripted_peer first = control_.accept();
  EXPECT_EQ(first.expect<wire::login_by_token>().token.reveal(), "old");
  first.send(
      wire::login_result{.success = false, .error = "Invalid token", .token = {}, .caps = {}});
  scripted_peer second = control_.accept();  // the first one was not even closed by the server
  second.expect<wire::login>();
  second.send(wire::login_result{.success = true, .error = {}, .token = secret("tok"), .caps = {}});
  second.expect<wire::register_client>();
  second.send(wire::register_result{true, {}});
  EXPECT_FALSE(first.try_next());
  second.expect<wire::heartbeat>();
  EXPECT_EQ(load_token(settings_.options.token_file).value()->token.reveal(), "tok");
}

TEST_F(engine_test, the_token_that_follows_a_refused_one_is_used) {
  settings_.token = token_for(settings_.options, "old");
  start();
  scripted_peer first = control_.accept();
  first.expect<wire::login_by_token>();
  refuse_login(first, "Invalid token");
  {
    scripted_peer second = control_.accept();
    second.expect<wire::login>();
    second.send(
        wire::login_result{.success = true, .error = {}, .token = secret("new"), .caps = {}});
    second.expect<wire::register_client>();
    second.send(wire::register_result{true, {}});
    second.expect<wire::heartbeat>();
  }  // the connection is lost
  scripted_peer third = control_.accept();
  EXPECT_EQ(third.expect<wire::login_by_token>().token.reveal(), "new");
  refuse_login(third, "Invalid token");  // that one was revoked as well
  scripted_peer fourth = control_.accept();
  fourth.expect<wire::login>();
}

TEST_F(engine_test, a_user_whose_role_does_not_fit_is_told_what_to_do_and_tried_again) {
  start();
  scripted_peer control = control_.accept();
  control.expect<wire::login>();
  refuse_login(control, std::string(wire::role_refusal));
  scripted_peer again = accept_client();
  again.expect<wire::heartbeat>();
  EXPECT_EQ(log_.count("lets this user connect no clients"), 1u) << log_.text();
  EXPECT_EQ(log_.count("frps user role EMAIL client"), 1u) << log_.text();
}

TEST_F(engine_test, a_refused_token_without_credentials_ends_it) {
  settings_.token = token_for(settings_.options, "old");
  settings_.options.password = {};
  start();
  scripted_peer control = control_.accept();
  control.expect<wire::login_by_token>();
  refuse_login(control, "Invalid token");
  EXPECT_EQ(await_ending(), ending::no_credentials);
  EXPECT_EQ(log_.count("(Invalid token); e-mail and password are needed"), 1u);
}

TEST_F(engine_test, nothing_to_log_in_with_ends_it_before_it_connects) {
  settings_.options.email.clear();
  start();
  EXPECT_EQ(await_ending(), ending::no_credentials);
  EXPECT_FALSE(control_.try_accept());
}

TEST_F(engine_test, a_token_is_for_its_server_and_its_email_only) {
  const kept_token fitting = token_for(settings_.options, "t");
  const struct {
    kept_token kept;
    bool sent;
  } cases[] = {
      {fitting, true},
      {{secret("t"), "", ""}, true},
      {{secret("t"), "127.0.0.1:1", ""}, false},
      {{secret("t"), "other:" + std::to_string(control_.port()), ""}, false},
      {{secret("t"), fitting.server, "other@example.com"}, false},
  };
  ASSERT_FALSE(std::empty(cases));
  for (const auto& each : cases) {
    settings_.token = each.kept;
    start();
    scripted_peer control = control_.accept();
    const auto first = control.next();
    ASSERT_TRUE(first);
    EXPECT_EQ(std::holds_alternative<wire::login_by_token>(*first), each.sent)
        << each.kept.server << " " << each.kept.email;
    stop_at_once();
  }
}

TEST_F(engine_test, a_renewed_token_is_kept_and_a_public_one_is_bound_to_its_server) {
  for (const bool renewed : {true, false}) {
    settings_.token = kept_token{secret("mine"), "", ""};
    start();
    scripted_peer control = control_.accept();
    control.expect<wire::login_by_token>();
    wire::login_result result{.success = true, .error = {}, .token = {}, .caps = {}};
    if (renewed) result.token = secret("renewed");
    control.send(result);
    control.expect<wire::register_client>();
    const auto kept = load_token(settings_.options.token_file);
    ASSERT_TRUE(kept && *kept);
    EXPECT_EQ((*kept)->token.reveal(), renewed ? "renewed" : "mine");
    EXPECT_EQ((*kept)->server, "127.0.0.1:" + std::to_string(control_.port()));
    stop_at_once();
  }
}

TEST_F(engine_test, a_token_that_cannot_be_kept_is_no_reason_to_fail) {
  settings_.options.token_file = folder_ / "missing" / "token.json";
  start();
  scripted_peer control = accept_client();
  control.expect<wire::heartbeat>();
  EXPECT_EQ(log_.count("Cannot keep the token"), 1u);
  control.close();
  scripted_peer again = control_.accept();
  EXPECT_EQ(again.expect<wire::login_by_token>().token.reveal(), "tok") << "it is still known";
}

TEST_F(engine_test, an_id_in_use_is_explained_and_tried_again) {
  start();
  scripted_peer control = control_.accept();
  control.expect<wire::login>();
  control.send(wire::login_result{.success = true, .error = {}, .token = {}, .caps = {}});
  control.expect<wire::register_client>();
  control.send(wire::register_result{false, "Client ID already in use"});
  scripted_peer again = accept_client();
  again.expect<wire::heartbeat>();
  EXPECT_EQ(log_.count("--client-id"), 1u) << log_.text();
}

TEST_F(engine_test, comes_back_with_its_token_when_the_server_was_away) {
  start();
  scripted_peer control = accept_client();
  control.expect<wire::heartbeat>();
  control.close();
  control_.close();
  ASSERT_TRUE(await_state(state::waiting));
  ASSERT_TRUE(await([this] { return log_.count("Connection refused") > 0; })) << log_.text();
  control_.reopen();
  scripted_peer again = control_.accept();
  EXPECT_EQ(again.expect<wire::login_by_token>().token.reveal(), "tok");
  again.send(wire::login_result{.success = true, .error = {}, .token = {}, .caps = {}});
  again.expect<wire::register_client>();
  again.send(wire::register_result{true, {}});
  again.expect<wire::heartbeat>();
  EXPECT_EQ(log_.count("Successfully registered"), 2u);
}

TEST_F(engine_test, a_reset_ends_a_session_as_an_end_does) {
  start();
  scripted_peer control = accept_client();
  control.expect<wire::heartbeat>();
  control.reset();
  control_.accept().expect<wire::login_by_token>();
}

TEST_F(engine_test, a_server_that_asks_is_told_what_helps_it_to_choose) {
  settings_.options.weight = 3;
  settings_.options.max_inflight = 8;
  settings_.options.models_interval = 20ms;
  start();
  scripted_peer control = control_.accept();
  ASSERT_TRUE(control.next());
  control.send(wire::login_result{.success = true, .error = {}, .token = {}, .caps = {"choice/1"}});
  const auto asked = control.expect<wire::register_client>();
  EXPECT_EQ(asked.weight, 3u);
  EXPECT_EQ(asked.max_inflight, 8u);
  control.send(wire::register_result{true, {}});
  answer_models();
  answer_models(
      test::http_answer("200 OK", R"({"models":[{"model":"a","size":7},{"model":"b"}]})"));
  answer_models(test::http_answer("200 OK", R"({"models":[{"model":"b"}]})"));
  const auto first =
      await_heartbeat(control, [](const auto& beat) { return !beat.models.empty(); });
  ASSERT_EQ(first.models.size(), 3u);
  EXPECT_EQ(first.models[0].size, 7u);
  EXPECT_EQ(first.loaded, std::vector<std::string>{"b"});
  EXPECT_EQ(first.host, "127.0.0.1:" + std::to_string(settings_.options.local_port));
  EXPECT_FALSE(first.healthy);
  // What changes is told at once, not with the next heartbeat ten seconds later.
  answer_models();
  answer_models(test::http_answer("200 OK", R"({"models":[]})"));
  await_heartbeat(control, [](const auto& beat) { return beat.loaded.empty(); });
}

TEST_F(engine_test, a_server_that_does_not_ask_is_told_what_the_public_one_knows) {
  settings_.options.weight = 3;
  start();
  scripted_peer control = control_.accept();
  ASSERT_TRUE(control.next());
  control.send(wire::login_result{.success = true, .error = {}, .token = {}, .caps = {"link/1"}});
  EXPECT_FALSE(control.expect<wire::register_client>().weight);
  control.send(wire::register_result{true, {}});
  answer_models();
  const auto beat = await_heartbeat(control, [](const auto& one) { return !one.models.empty(); });
  EXPECT_TRUE(beat.loaded.empty());
  EXPECT_EQ(beat.host, "");
  EXPECT_EQ(log_.count("--weight"), 1u);
}

TEST_F(engine_test, a_service_that_is_not_well_is_reported) {
  settings_.options.health_path = "/health";
  settings_.options.health_interval = 20ms;
  settings_.options.models_interval = 1h;
  start();
  scripted_peer control = control_.accept();
  ASSERT_TRUE(control.next());
  control.send(wire::login_result{.success = true, .error = {}, .token = {}, .caps = {"choice/1"}});
  control.expect<wire::register_client>();
  control.send(wire::register_result{true, {}});
  bool well = true;
  int bad = 0;
  // Both kinds of questions come to one port; health is bad until the server has heard of it.
  const auto answer_one = [&] {
    scripted_peer asking = local_.accept();
    const bool is_health = asking.read(12) == "GET /health ";
    asking.send_bytes(test::http_answer(is_health && well ? "200 OK" : "503 No", "{}"));
    asking.finish();
    asking.await_end();
    if (is_health && !well) ++bad;
  };
  EXPECT_EQ(await_heartbeat(control, [](const auto&) { return true; }).healthy, true);
  well = false;
  while (bad < 2) answer_one();
  await_heartbeat(control, [](const auto& beat) { return beat.healthy == false; });
  well = true;
  answer_one();
  await_heartbeat(control, [](const auto& beat) { return beat.healthy == true; });
}

TEST_F(engine_test, a_server_that_does_not_answer_is_left) {
  settings_.options.deadlines.login = 50ms;
  start();
  scripted_peer silent = control_.accept();
  silent.expect<wire::login>();
  EXPECT_NE(silent.await_end(), scripted_peer::end::none);
  scripted_peer second = control_.accept();
  second.expect<wire::login>();
  second.send(wire::login_result{.success = true, .error = {}, .token = {}, .caps = {}});
  second.expect<wire::register_client>();
  EXPECT_NE(second.await_end(), scripted_peer::end::none) << "the same when registering";
  EXPECT_EQ(log_.count("warning Server"), 1u) << log_.text();
}

TEST_F(engine_test, a_server_that_only_chatters_is_left) {
  settings_.options.deadlines.login = 100ms;
  start();
  scripted_peer control = control_.accept();
  std::string chatter;
  for (int i = 0; i < 1000; ++i) chatter += wire::encode_frame(R"({"News":{"nothing":[1,2,3]}})");
  std::thread talking([&] {  // faster than it is listened to
    pollfd writable{control.descriptor(), POLLOUT, 0};
    while (::send(control.descriptor(), chatter.data(), chatter.size(), MSG_NOSIGNAL) > 0 ||
           errno == EAGAIN) {
      ::poll(&writable, 1, 10);
    }
  });
  EXPECT_TRUE(await_state(state::waiting));
  EXPECT_EQ(log_.count("the server does not answer"), 1u) << log_.text();
  stop_at_once();
  talking.join();
}

TEST_F(engine_test, waits_grow_until_a_session_has_proved_the_server) {
  for (const bool proved : {false, true}) {
    settings_.proven = proved ? 0ms : 10s;
    start();
    for (std::size_t round = 1; round <= 3; ++round) {
      const std::size_t waited = log_.count("Trying again in");
      scripted_peer control = accept_client();
      control.expect<wire::heartbeat>();
      control.close();
      ASSERT_TRUE(await([&] { return log_.count("Trying again in") > waited; }));
    }
    const std::string log = log_.text();
    const int last = std::stoi(log.substr(log.rfind("Trying again in") + 16));
    EXPECT_EQ(last <= 400, proved) << log;
    stop_at_once();
  }
}

TEST_F(engine_test, what_it_does_not_know_is_passed_over) {
  start();
  scripted_peer control = control_.accept();
  control.send_bytes(wire::encode_frame(R"({"Welcome":{"news":1}})"));
  control.expect<wire::login>();
  control.send(wire::heartbeat_ack{});
  control.send(wire::login_result{.success = true, .error = {}, .token = {}, .caps = {}});
  control.expect<wire::register_client>();
  control.send(wire::register_result{true, {}});
  control.expect<wire::heartbeat>();
  control.expect<wire::system_info>();
  control.send_bytes(wire::encode_frame(R"({"Welcome":{"news":1}})"));
  control.send(wire::login{});
  scripted_peer stream = order_stream(control, "still here");
}

TEST_F(engine_test, a_frame_that_is_none_ends_the_session) {
  std::string deep = R"({"RegisterResult":)";
  deep += std::string(1000, '[') + std::string(1000, ']') + "}";
  const std::string cases[] = {
      std::string(4, '\0'),    std::string(4, '\xff'),   std::string("\0\x01\0\x01", 4),
      wire::encode_frame("{"), wire::encode_frame(deep), wire::encode_frame(R"({"LoginResult":1})"),
  };
  ASSERT_FALSE(std::empty(cases));
  for (const std::string& bytes : cases) {
    start();
    scripted_peer control = control_.accept();
    control.expect<wire::login>();
    control.send_bytes(bytes);
    EXPECT_NE(control.await_end(), scripted_peer::end::none);
    ASSERT_TRUE(await_state(state::waiting));
    stop_at_once();
  }
}

TEST_F(engine_test, a_long_frame_is_taken_after_login_and_not_before) {
  start();
  scripted_peer control = accept_client();
  control.expect<wire::heartbeat>();
  std::string padded = R"({"RequestNewProxyConn":{"proxy_conn_id":"big","padding":")";
  padded += std::string(wire::frame_limit - padded.size() - 3, 'x') + R"("}})";
  ASSERT_EQ(padded.size(), wire::frame_limit);
  control.send_bytes(wire::encode_frame(padded));
  EXPECT_EQ(proxy_.accept().expect<wire::new_proxy_conn>().proxy_conn_id, "big");
  const std::string too_long("\0\x10\0\x01", 4);
  control.send_bytes(too_long);
  EXPECT_NE(control.await_end(), scripted_peer::end::none);
}

TEST_F(engine_test, a_host_with_several_addresses_is_tried_at_each) {
  settings_.options.server_addr = "localhost";  // ::1 first on most machines, where nobody listens
  start();
  scripted_peer control = accept_client();
  control.expect<wire::heartbeat>();
}

}  // namespace
}  // namespace frpx::client
