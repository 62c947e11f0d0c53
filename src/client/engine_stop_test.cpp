// Stopping a client, whatever it is doing.
#include "tests/support/client_fixture.hpp"
#include "tests/support/open_descriptors.hpp"

namespace frpx::client {
namespace {

using namespace std::chrono_literals;
using test::scripted_peer;

class engine_stop_test : public test::client_test {
 protected:
  void expect_prompt_stop() {
    const steady_time before = steady_clock::now();
    stop();
    EXPECT_EQ(await_ending(), ending::stopped);
    EXPECT_LT(steady_clock::now() - before, 2s);
    EXPECT_EQ(loop_->tasks().size(), 0u);
  }
};

TEST_F(engine_stop_test, before_it_runs) {
  engine_ = std::make_unique<engine>(loop_.worker(), names_, blocking_, settings_);
  engine_->stop();
  EXPECT_EQ(loop_.await(engine_->run()), ending::stopped);
  EXPECT_FALSE(control_.try_accept());
  ended_ = ending::stopped;
}

TEST_F(engine_stop_test, while_a_name_server_does_not_answer) {
  const net::unique_fd silent(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  net::endpoint address(boost::asio::ip::address_v4::loopback(), 0);
  auto size = static_cast<socklen_t>(address.capacity());
  ASSERT_EQ(::bind(silent.get(), address.data(), static_cast<socklen_t>(address.size())), 0);
  ASSERT_EQ(::getsockname(silent.get(), address.data(), &size), 0);
  net::resolver names(blocking_, net::to_string(address));
  settings_.options.server_addr = "server.example.com";
  settings_.options.deadlines.connect = 60s;
  start(names);
  char question = 0;
  ASSERT_TRUE(await([&] { return ::recv(silent.get(), &question, 1, MSG_DONTWAIT) > 0; }));
  EXPECT_EQ(states_.back(), state::resolving);
  expect_prompt_stop();
}

TEST_F(engine_stop_test, while_connecting) {
  test::scripted_port hanging(loop_, 0, 0);
  hanging.fill();
  settings_.options.control_port = hanging.port();
  start();
  ASSERT_TRUE(await_state(state::connecting));
  expect_prompt_stop();
}

TEST_F(engine_stop_test, while_logging_in) {
  start();
  scripted_peer control = control_.accept();
  control.expect<wire::login>();
  expect_prompt_stop();
  EXPECT_NE(control.await_end(), scripted_peer::end::none);
}

TEST_F(engine_stop_test, while_registering) {
  start();
  scripted_peer control = control_.accept();
  control.expect<wire::login>();
  control.send(wire::login_result{.success = true, .error = {}, .token = {}, .caps = {}});
  control.expect<wire::register_client>();
  expect_prompt_stop();
}

TEST_F(engine_stop_test, while_waiting_for_the_next_try) {
  control_.close();
  start();
  ASSERT_TRUE(await_state(state::waiting));
  expect_prompt_stop();
}

TEST_F(engine_stop_test, registered_and_idle_it_parts_in_order) {
  scripted_peer control = quiet_client();
  stop();
  EXPECT_EQ(control.await_end(), scripted_peer::end::clean);
  control.close();
  EXPECT_EQ(await_ending(), ending::stopped);
}

TEST_F(engine_stop_test, a_server_that_does_not_part_is_left) {
  scripted_peer control = quiet_client();
  expect_prompt_stop();
}

TEST_F(engine_stop_test, loaded_it_lets_streams_end_and_takes_no_more) {
  scripted_peer control = quiet_client();
  scripted_peer visitor = order_stream(control, "1");
  scripted_peer service = local_.accept();
  stop();
  ASSERT_TRUE(await_state(state::draining));
  scripted_peer refused = order_stream(control, "2");
  EXPECT_EQ(refused.await_end(), scripted_peer::end::clean);
  EXPECT_FALSE(local_.try_accept());
  visitor.send_bytes("question");
  EXPECT_EQ(service.read(8), "question");
  service.send_bytes("answer");
  EXPECT_EQ(visitor.read(6), "answer");
  EXPECT_FALSE(ended_);
  EXPECT_EQ(control.ended(), scripted_peer::end::none);
  service.finish();
  visitor.finish();
  EXPECT_EQ(control.await_end(), scripted_peer::end::clean);
  control.close();
  EXPECT_EQ(await_ending(), ending::stopped);
  EXPECT_EQ(visitor.await_end(), scripted_peer::end::clean);
}

TEST_F(engine_stop_test, reports_go_on_while_it_drains) {
  settings_.heartbeat = 20ms;
  test::scripted_port hanging(loop_, 0, 0);
  hanging.fill();
  settings_.options.local_port = hanging.port();
  settings_.options.deadlines.local_connect = 1s;
  start();
  scripted_peer control = accept_client();
  scripted_peer visitor = order_stream(control, "1");
  stop();
  ASSERT_TRUE(await_state(state::draining));
  for (int i = 0; i < 10; ++i) await_heartbeat(control, [](const auto&) { return true; });
  EXPECT_FALSE(ended_);
}

TEST_F(engine_stop_test, what_does_not_end_is_cut_at_the_drain_deadline) {
  settings_.options.deadlines.drain = 100ms;
  scripted_peer control = quiet_client();
  scripted_peer visitor = order_stream(control, "1");
  scripted_peer service = local_.accept();
  const steady_time before = steady_clock::now();
  stop();
  EXPECT_EQ(visitor.await_end(), scripted_peer::end::reset);
  EXPECT_EQ(service.await_end(), scripted_peer::end::reset);
  control.close();
  EXPECT_EQ(await_ending(), ending::stopped);
  EXPECT_GE(steady_clock::now() - before, 100ms);
}

TEST_F(engine_stop_test, a_second_stop_ends_it_at_once) {
  scripted_peer control = quiet_client();
  scripted_peer visitor = order_stream(control, "1");
  scripted_peer service = local_.accept();
  stop();
  ASSERT_TRUE(await_state(state::draining));
  expect_prompt_stop();
  EXPECT_EQ(visitor.await_end(), scripted_peer::end::reset);
  EXPECT_EQ(service.await_end(), scripted_peer::end::reset);
}

TEST_F(engine_stop_test, the_server_may_go_while_it_drains) {
  scripted_peer control = quiet_client();
  scripted_peer visitor = order_stream(control, "1");
  scripted_peer service = local_.accept();
  stop();
  ASSERT_TRUE(await_state(state::draining));
  control.close();
  EXPECT_EQ(await_ending(), ending::stopped);
  EXPECT_EQ(service.await_end(), scripted_peer::end::reset);
}

TEST_F(engine_stop_test, while_a_stream_is_being_opened_and_models_are_asked) {
  test::scripted_port hanging(loop_, 0, 0);
  hanging.fill();
  settings_.options.local_port = hanging.port();
  settings_.options.deadlines.drain = 50ms;
  start();
  scripted_peer control = accept_client();
  scripted_peer visitor = order_stream(control, "1");
  expect_prompt_stop();
  EXPECT_NE(visitor.await_end(), scripted_peer::end::none);
}

TEST_F(engine_stop_test, nothing_is_left_open) {
  const std::size_t before = test::open_descriptors();
  for (int round = 0; round < 20; ++round) {
    scripted_peer control = quiet_client();
    scripted_peer visitor = order_stream(control, "1");
    scripted_peer service = local_.accept();
    stop_at_once();
    engine_.reset();
    settings_.token.reset();
  }
  EXPECT_EQ(test::open_descriptors(), before);
}

}  // namespace
}  // namespace frpx::client
