// The server: its ports, its token, its log, its end.
#include "library/library_fixture.hpp"

namespace frpx::test {
namespace {

using namespace std::chrono_literals;

TEST_F(library, a_token_guards_registrations) {
  tunnel_server guarded({{ports[0], ports[0]}}, {.token = "open sesame"});
  ASSERT_TRUE(guarded.start("127.0.0.1:0"));
  const std::string where = "127.0.0.1:" + std::to_string(guarded.port());
  EXPECT_EQ(tunnel_client(where).register_service(info()).error().code(), errc::port_not_allowed);
  tunnel_client knows(where, {.token = "open sesame"});
  EXPECT_TRUE(knows.register_service(info()));
}

TEST_F(library, a_token_guards_what_the_server_tells) {
  tunnel_server guarded({{ports[0], ports[1]}}, {.token = "open sesame"});
  ASSERT_TRUE(guarded.start("127.0.0.1:0"));
  const std::string where = "127.0.0.1:" + std::to_string(guarded.port());
  for (const char* token : {"", "sesame"}) {
    tunnel_client stranger(where, {.token = token});
    EXPECT_EQ(stranger.available_ports().error().code(), errc::token_refused);
    EXPECT_EQ(stranger.active_services().error().code(), errc::token_refused);
  }
  EXPECT_EQ(ask_free_ports(where).error().code(), errc::token_refused);
  EXPECT_EQ(discover_services(where).error().code(), errc::token_refused);
  tunnel_client knows(where, {.token = "open sesame"});
  ASSERT_TRUE(knows.register_service(info()));
  EXPECT_EQ(knows.active_services()->size(), 1u);
  EXPECT_TRUE(knows.available_ports());
}

TEST_F(library, no_free_port_is_an_error_until_some_are_added) {
  start();
  tunnel_client client(address());
  std::vector<register_entry> all;
  for (std::size_t i = 0; i < ports.size(); ++i) {
    auto port = client.any_port();
    ASSERT_TRUE(port);
    auto made = client.register_service({*port, echoes.address(), "any", ""});
    ASSERT_TRUE(made);
    all.push_back(*made);
  }
  EXPECT_EQ(client.any_port().error().code(), errc::no_port);
  const auto more = free_ports(1).front();
  EXPECT_TRUE(server.add_ports(more, more));
  EXPECT_TRUE(eventually([&] { return client.any_port().has_value(); }));
}

TEST_F(library, logs_go_where_they_are_told) {
  std::mutex guard;
  std::string first;
  std::string second;
  const stopped_in_time at_end(server);
  tunnel_server other({{ports[1], ports[1]}});
  tunnel_server silent({{ports[2], ports[2]}});
  server.set_logger([&](log_level, std::string_view line) {
    const std::lock_guard held(guard);
    first += std::string(line) + "\n";
  });
  other.set_logger([&](log_level, std::string_view line) {
    const std::lock_guard held(guard);
    second += std::string(line) + "\n";
  });
  testing::internal::CaptureStdout();
  testing::internal::CaptureStderr();
  start();
  ASSERT_TRUE(other.start("127.0.0.1:0"));
  ASSERT_TRUE(silent.start("127.0.0.1:0"));
  tunnel_client client(address());
  ASSERT_TRUE(client.register_service(info()));
  tunnel_client to_other("127.0.0.1:" + std::to_string(other.port()));
  ASSERT_TRUE(to_other.register_service(info(1)));
  const auto has = [&](const std::string& text, std::uint16_t port) {
    const std::lock_guard held(guard);
    return text.find("Port " + std::to_string(port)) != text.npos;
  };
  EXPECT_TRUE(eventually([&] { return has(first, ports[0]) && has(second, ports[1]); }));
  EXPECT_FALSE(has(first, ports[1]));
  EXPECT_FALSE(has(second, ports[0]));
  silent.stop();
  EXPECT_EQ(testing::internal::GetCapturedStdout() + testing::internal::GetCapturedStderr(), "");
}

TEST_F(library, run_returns_when_stopped) {
  std::thread runs([&] { EXPECT_TRUE(server.run("127.0.0.1:0")); });
  EXPECT_TRUE(eventually([&] { return server.port() != 0; }));
  server.stop();
  runs.join();
  server.stop();
}

}  // namespace
}  // namespace frpx::test
