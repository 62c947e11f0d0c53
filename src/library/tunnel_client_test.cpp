// Tunnels as their clients see them.
#include <atomic>

#include "library/library_fixture.hpp"

namespace frpx::test {
namespace {

using namespace std::chrono_literals;

TEST_F(library, a_tunnel_from_register_to_cancel) {
  start();
  tunnel_client client(address());
  ASSERT_EQ(*client.available_ports(), ports);
  auto entry = client.register_service(info(), {.max_serve_conn = 7});
  ASSERT_TRUE(entry) << entry.error().message();
  EXPECT_EQ(entry->info().outer_port, ports[0]);
  EXPECT_EQ(entry->control().max_serve_conn, 7u);
  EXPECT_EQ(say_and_hear(ports[0], "hello"), "hello");

  const auto found = client.active_services("ec");
  ASSERT_TRUE(found);
  ASSERT_EQ(found->size(), 1u);
  EXPECT_EQ((*found)[0].port, ports[0]);
  EXPECT_EQ((*found)[0].capacity, 7u);
  EXPECT_EQ((*found)[0].already_serve, 1u);
  EXPECT_TRUE(discover_services(address(), "none")->empty());
  EXPECT_EQ(ask_free_ports(address())->size(), ports.size() - 1);

  EXPECT_TRUE(client.entry_by_name("echo"));
  EXPECT_TRUE(client.entry_by_port(ports[0]));
  EXPECT_FALSE(client.entry_by_port(ports[1]));
  EXPECT_EQ(client.register_service(info()).error().code(), errc::already_registered);
  EXPECT_FALSE(entry->wait(0ms));
  entry->cancel();
  entry->cancel();
  EXPECT_EQ(entry->done().get().code(), errc::cancelled);
  EXPECT_TRUE(entry->wait(0ms));
  EXPECT_FALSE(client.entry_by_name("echo"));
  EXPECT_TRUE(eventually([&] { return client.available_ports()->size() == ports.size(); }));
  EXPECT_TRUE(client.register_service(info()));
}

TEST_F(library, both_directions_have_their_own_end_and_services_may_speak_first) {
  start();
  std::promise<void> go;
  service answers([may_answer = go.get_future().share()](plain_socket& visitor) {
    visitor.say("220");
    std::string asked;
    for (std::string byte; !(byte = visitor.hear(1)).empty();) asked += byte;
    may_answer.wait();
    visitor.say("got " + asked);
  });
  tunnel_client client(address());
  ASSERT_TRUE(client.register_service({ports[0], answers.address(), "first", ""}));
  const auto visitor = plain_socket::connected(ports[0]);
  EXPECT_EQ(visitor.hear(3), "220");
  visitor.say("this");
  visitor.finish();
  EXPECT_TRUE(visitor.is_silent_for(1500ms)) << "longer than a half-close could be held back";
  go.set_value();
  EXPECT_EQ(visitor.hear(100), "got this");
}

TEST_F(library, limits_are_exact) {
  start();
  tunnel_client client(address());
  ASSERT_TRUE(client.register_service(info(), {.max_serve_conn = 5}));
  std::atomic<int> served{0};
  std::mutex guard;
  std::vector<plain_socket> stay;
  std::vector<std::thread> visitors;
  for (int i = 0; i < 60; ++i) {
    visitors.emplace_back([&] {
      auto visitor = plain_socket::connected(ports[0]);
      visitor.say("x");
      if (visitor.hear(1) == "x") ++served;
      const std::lock_guard held(guard);
      stay.push_back(std::move(visitor));
    });
  }
  for (std::thread& each : visitors) each.join();
  EXPECT_EQ(served, 5);

  auto counted = client.register_service(info(1, "counted"), {.max_serve_count = 2});
  ASSERT_TRUE(counted);
  EXPECT_EQ(say_and_hear(ports[1], "1"), "1");
  EXPECT_EQ(say_and_hear(ports[1], "2"), "2");
  EXPECT_EQ(counted->done().get().code(), errc::tunnel_ended);

  auto timed = client.register_service(info(2, "timed"), {.max_serve_time = 1});
  ASSERT_TRUE(timed);
  EXPECT_FALSE(timed->wait(100ms));
  EXPECT_TRUE(timed->wait(10s));
}

TEST_F(library, a_tunnel_comes_back_when_asked_to) {
  start();
  const std::string where = address();
  tunnel_client stays(where, {.reconnect = true});
  tunnel_client leaves(where);
  auto entry = stays.register_service(info());
  auto other = leaves.register_service(info(1, "other"));
  ASSERT_TRUE(entry && other);
  server.stop();
  EXPECT_EQ(server.port(), 0);
  EXPECT_EQ(other->done().get().code(), errc::tunnel_ended);
  EXPECT_FALSE(leaves.entry_by_name("other"));
  EXPECT_TRUE(stays.entry_by_name("echo"));
  ASSERT_TRUE(server.start(where));
  EXPECT_TRUE(eventually([&] { return stays.active_services()->size() == 1; }));
  EXPECT_EQ(say_and_hear(ports[0], "again"), "again");
  entry->cancel();
  EXPECT_TRUE(entry->wait(10s));
}

TEST_F(library, an_entry_outlives_its_client) {
  start();
  auto client = std::make_unique<tunnel_client>(address());
  auto entry = client->register_service(info());
  ASSERT_TRUE(entry);
  client.reset();
  EXPECT_EQ(entry->done().get().code(), errc::cancelled);
  entry->cancel();
}

TEST_F(library, errors_say_what_is_wrong) {
  tunnel_client nobody("127.0.0.1:" + std::to_string(ports[0]));
  EXPECT_EQ(nobody.available_ports().error().code(), errc::unreachable);
  EXPECT_FALSE(nobody.available_ports().error().message().empty());
  EXPECT_EQ(tunnel_client("no address").any_port().error().code(), errc::bad_argument);

  const auto silent = plain_socket::listening();
  tunnel_client deaf("127.0.0.1:" + std::to_string(silent.port()));
  EXPECT_EQ(deaf.available_ports(50ms).error().code(), errc::timed_out);
  EXPECT_EQ(deaf.register_service(info(), {}, 50ms).error().code(), errc::timed_out);
  EXPECT_TRUE(eventually([&] { return !deaf.entry_by_name("echo"); }));

  service babbles([](plain_socket& visitor) { visitor.say("HTTP/1.1 400 Bad Request\r\n\r\n"); });
  tunnel_client wrong(babbles.address());
  EXPECT_EQ(wrong.available_ports().error().code(), errc::unexpected_answer);

  EXPECT_EQ(server.start("nowhere").error().code(), errc::bad_argument);
  EXPECT_EQ(server.start("127.0.0.1:" + std::to_string(silent.port())).error().code(),
            errc::cannot_listen);
  start();
  EXPECT_EQ(server.start("127.0.0.1:0").error().code(), errc::already_running);
  EXPECT_FALSE(server.add_ports(0, 5));
  EXPECT_FALSE(server.add_ports(6, 5));

  tunnel_client client(address());
  EXPECT_EQ(client.register_service({0, ":1", "n", ""}).error().code(), errc::port_not_allowed);
  EXPECT_EQ(client.register_service({1, ":1", "n", ""}).error().code(), errc::port_not_allowed);
  EXPECT_EQ(client.register_service({ports[0], "x", "n", ""}).error().code(), errc::bad_argument);
  EXPECT_EQ(client.register_service({ports[0], ":1", std::string(257, 'n'), ""}).error().code(),
            errc::bad_argument);
  EXPECT_TRUE(client.register_service({ports[0], ":1", std::string(256, 'n'), ""}));
  EXPECT_EQ(tunnel_client(address()).register_service(info()).error().code(), errc::port_occupied);
}

}  // namespace
}  // namespace frpx::test
