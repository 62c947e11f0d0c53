// A client's engine between a scripted server and a scripted local service.
#pragma once

#include <gtest/gtest.h>

#include <deque>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "captured_log.hpp"
#include "client/engine.hpp"
#include "core/random.hpp"
#include "scripted_peer.hpp"

namespace frpx::test {

inline constexpr std::string_view three_models =
    R"({"object":"list","data":[{"id":"a","object":"model","created":1,"owned_by":"x"},)"
    R"({"id":"b","object":"model","created":2,"owned_by":"x"},)"
    R"({"id":"c","object":"model","created":3,"owned_by":"x"}]})";

inline std::string http_answer(std::string_view status, std::string_view body) {
  return "HTTP/1.1 " + std::string(status) + "\r\nContent-Type: application/json\r\n" +
         "Content-Length: " + std::to_string(body.size()) + "\r\nConnection: close\r\n\r\n" +
         std::string(body);
}

class client_test : public testing::Test {
 protected:
  client_test() {
    folder_ = std::filesystem::temp_directory_path() / ("frpx-client-" + random_hex(8));
    std::filesystem::create_directory(folder_);
    config::frpc_options& options = settings_.options;
    options.server_addr = "127.0.0.1";
    options.control_port = control_.port();
    options.proxy_port = proxy_.port();
    options.local_addr = "127.0.0.1";
    options.local_port = local_.port();
    options.email = "test@example.com";
    options.password = secret("123456");
    options.client_id = "client_A";
    options.token_file = folder_ / "token.json";
    settings_.on_state = [this](client::state now) { states_.push_back(now); };
  }
  ~client_test() override {
    stop_at_once();
    engine_.reset();
    std::filesystem::remove_all(folder_);
  }

  void start() { start(names_); }
  void start(net::resolver& names) {
    ended_.reset();
    engine_ = std::make_unique<client::engine>(loop_.worker(), names, blocking_, settings_);
    loop_->loop().spawn(engine_->run(), [this](std::exception_ptr failure, client::ending how) {
      EXPECT_FALSE(failure);
      ended_ = how;
    });
  }
  std::optional<client::ending> await_ending() {
    EXPECT_TRUE(run_until(loop_, [this] { return ended_.has_value(); })) << log_.text();
    return ended_;
  }
  /// From the loop, as the engine wants it.
  void stop() {
    bool told = false;
    loop_->post([&] {
      engine_->stop();
      told = true;
    });
    EXPECT_TRUE(run_until(loop_, [&] { return told; }));
  }
  void stop_at_once() {
    if (!engine_ || ended_) return;
    stop();
    if (!ended_) stop();
    await_ending();
  }
  bool await_state(client::state wanted) {
    return run_until(loop_, [&] { return !states_.empty() && states_.back() == wanted; });
  }
  bool await(std::function<bool()> done) { return run_until(loop_, std::move(done)); }

  /// Plays the server's part up to a registered client, however it logs in.
  scripted_peer accept_client() {
    scripted_peer control = control_.accept();
    EXPECT_TRUE(control.next());
    control.send(
        wire::login_result{.success = true, .error = {}, .token = secret("tok"), .caps = {}});
    control.expect<wire::register_client>();
    control.send(wire::register_result{true, {}});
    return control;
  }
  /// Answers one question for models.
  void answer_models(const std::string& answer = http_answer("200 OK", three_models)) {
    scripted_peer asking = local_.accept();
    EXPECT_TRUE(asking.read(4).starts_with("GET "));
    asking.send_bytes(answer);
    asking.finish();
    asking.await_end();
  }
  /// The next heartbeat that is for `done`; others, and system infos, are skipped.
  wire::heartbeat await_heartbeat(scripted_peer& control,
                                  std::function<bool(const wire::heartbeat&)> done) {
    while (auto command = control.next()) {
      const auto* beat = std::get_if<wire::heartbeat>(&*command);
      if (beat != nullptr && done(*beat)) return *beat;
    }
    ADD_FAILURE() << "that heartbeat never came";
    return {};
  }
  /// A registered client whose models are told and whose next report is far away: what connects to
  /// the local service from here on is a stream.
  scripted_peer quiet_client() {
    start();
    scripted_peer control = accept_client();
    answer_models();
    await_heartbeat(control, [](const auto& beat) { return beat.models.size() == 3; });
    return control;
  }
  /// Orders a stream and takes its connection.
  scripted_peer order_stream(scripted_peer& control, const std::string& id) {
    control.send(wire::request_new_proxy_conn{id});
    scripted_peer stream = proxy_.accept();
    EXPECT_EQ(stream.expect<wire::new_proxy_conn>().proxy_conn_id, id);
    return stream;
  }

  captured_log log_;
  event_loop loop_;
  net::blocking_pool blocking_{1, 8};
  net::resolver names_{blocking_};
  scripted_port control_{loop_};
  scripted_port proxy_{loop_};
  scripted_port local_{loop_};
  std::filesystem::path folder_;
  client::engine_settings settings_;
  std::vector<client::state> states_;
  std::unique_ptr<client::engine> engine_;
  std::optional<client::ending> ended_;
};

}  // namespace frpx::test
