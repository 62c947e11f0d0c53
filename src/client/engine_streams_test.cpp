// The streams of a registered client.
#include "tests/support/client_fixture.hpp"

namespace frpx::client {
namespace {

using namespace std::chrono_literals;
using test::scripted_peer;

class engine_streams_test : public test::client_test {};

std::string random_bytes(std::size_t size) {
  std::string bytes(size, '\0');
  quick_random random(size);
  for (char& each : bytes) each = static_cast<char>(random());
  return bytes;
}

TEST_F(engine_streams_test, each_direction_is_carried_to_its_own_end) {
  scripted_peer control = quiet_client();
  scripted_peer visitor = order_stream(control, "any text, not a UUID");
  scripted_peer service = local_.accept();
  const std::string request = random_bytes(3 << 20);
  const std::string answer = random_bytes((2 << 20) + 7);

  std::string got;
  std::string_view unsent = request;
  ASSERT_TRUE(await([&] {
    const ssize_t sent = ::send(visitor.descriptor(), unsent.data(), unsent.size(), MSG_NOSIGNAL);
    if (sent > 0) unsent.remove_prefix(static_cast<std::size_t>(sent));
    got += service.read_some();
    return unsent.empty();
  }));
  visitor.finish();
  got += service.read(request.size() - got.size());
  EXPECT_TRUE(got == request);
  EXPECT_EQ(service.await_end(), scripted_peer::end::clean);
  // The visitor's side has ended; the answer comes all the same.
  std::string returned;
  unsent = answer;
  ASSERT_TRUE(await([&] {
    const ssize_t sent = ::send(service.descriptor(), unsent.data(), unsent.size(), MSG_NOSIGNAL);
    if (sent > 0) unsent.remove_prefix(static_cast<std::size_t>(sent));
    returned += visitor.read_some();
    return unsent.empty();
  }));
  service.finish();
  returned += visitor.read(answer.size() - returned.size());
  EXPECT_TRUE(returned == answer);
  EXPECT_EQ(visitor.await_end(), scripted_peer::end::clean);
}

TEST_F(engine_streams_test, a_service_that_speaks_first_is_heard) {
  scripted_peer control = quiet_client();
  scripted_peer visitor = order_stream(control, "s");
  scripted_peer service = local_.accept();
  service.send_bytes("220 hello");
  EXPECT_EQ(visitor.read(9), "220 hello");
}

TEST_F(engine_streams_test, a_reset_is_passed_on_as_a_reset) {
  scripted_peer control = quiet_client();
  scripted_peer visitor = order_stream(control, "s");
  scripted_peer service = local_.accept();
  service.send_bytes("half an ans");
  EXPECT_EQ(visitor.read(11), "half an ans");
  service.reset();
  EXPECT_EQ(visitor.await_end(), scripted_peer::end::reset);
}

TEST_F(engine_streams_test, without_the_local_service_a_stream_is_opened_and_ended) {
  scripted_peer control = quiet_client();
  local_.close();
  scripted_peer visitor = order_stream(control, "s");
  EXPECT_EQ(visitor.await_end(), scripted_peer::end::clean) << "not a reset, which may overtake";
  EXPECT_EQ(log_.count("Cannot reach the local service"), 1u);
  local_.reopen();
  scripted_peer next = order_stream(control, "t");
  next.send_bytes("x");
  EXPECT_EQ(local_.accept().read(1), "x");
}

TEST_F(engine_streams_test, the_stream_is_announced_while_the_service_is_still_being_connected) {
  test::scripted_port hanging(loop_, 0, 0);
  hanging.fill();
  settings_.options.local_port = hanging.port();
  settings_.options.deadlines.local_connect = 300ms;
  start();
  scripted_peer control = accept_client();
  const steady_time before = steady_clock::now();
  scripted_peer visitor = order_stream(control, "s");
  EXPECT_EQ(visitor.ended(), scripted_peer::end::none);
  const auto announced = steady_clock::now() - before;
  EXPECT_EQ(visitor.await_end(), scripted_peer::end::clean);
  EXPECT_LT(announced, 300ms);
  EXPECT_GE(steady_clock::now() - before, 300ms);
}

TEST_F(engine_streams_test, beyond_the_limit_orders_are_refused_until_a_stream_ends) {
  settings_.options.max_streams = 2;
  scripted_peer control = quiet_client();
  scripted_peer one = order_stream(control, "1");
  scripted_peer service_of_one = local_.accept();
  scripted_peer two = order_stream(control, "2");
  scripted_peer service_of_two = local_.accept();
  scripted_peer three = order_stream(control, "3");
  EXPECT_EQ(three.await_end(), scripted_peer::end::clean);
  EXPECT_FALSE(local_.try_accept());
  one.finish();
  service_of_one.finish();
  EXPECT_EQ(one.await_end(), scripted_peer::end::clean);
  scripted_peer four = order_stream(control, "4");
  four.send_bytes("x");
  EXPECT_EQ(local_.accept().read(1), "x");
  EXPECT_EQ(two.ended(), scripted_peer::end::none);
}

TEST_F(engine_streams_test, streams_end_with_their_session) {
  scripted_peer control = quiet_client();
  scripted_peer visitor = order_stream(control, "s");
  scripted_peer service = local_.accept();
  visitor.send_bytes("x");
  EXPECT_EQ(service.read(1), "x");
  control.close();
  EXPECT_EQ(visitor.await_end(), scripted_peer::end::reset);
  EXPECT_EQ(service.await_end(), scripted_peer::end::reset);
}

TEST_F(engine_streams_test, a_proxy_port_that_refuses_costs_that_stream_only) {
  scripted_peer control = quiet_client();
  proxy_.close();
  control.send(wire::request_new_proxy_conn{"lost"});
  ASSERT_TRUE(await([this] { return log_.count("Cannot reach the server's proxy port") == 1; }));
  proxy_.reopen();
  scripted_peer visitor = order_stream(control, "s");
}

TEST_F(engine_streams_test, many_streams_at_once) {
  scripted_peer control = quiet_client();
  constexpr int count = 100;
  std::string orders;
  for (int i = 0; i < count; ++i) {
    orders += wire::encode(wire::request_new_proxy_conn{std::to_string(i)});
  }
  control.send_bytes(orders);
  std::vector<scripted_peer> visitors;
  std::vector<scripted_peer> services;
  std::vector<bool> seen(count);
  for (int i = 0; i < count; ++i) {
    scripted_peer visitor = proxy_.accept();
    const std::string id = visitor.expect<wire::new_proxy_conn>().proxy_conn_id;
    seen.at(std::stoul(id)) = true;
    visitor.send_bytes(id + "\n");
    visitors.push_back(std::move(visitor));
    services.push_back(local_.accept());
  }
  EXPECT_EQ(std::count(seen.begin(), seen.end(), true), count);
  for (auto& each : services) {
    EXPECT_GE(each.read(2).size(), 2u);
    each.send_bytes("ok");
  }
  for (auto& each : visitors) EXPECT_EQ(each.read(2), "ok");
}

}  // namespace
}  // namespace frpx::client
