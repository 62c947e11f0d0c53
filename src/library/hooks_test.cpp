// What a program hears of visitors and may do to them.
#include <atomic>

#include "library/library_fixture.hpp"

namespace frpx::test {
namespace {

using namespace std::chrono_literals;

TEST_F(library, hooks_hear_of_everything_and_may_rewrite) {
  std::mutex guard;
  std::vector<std::string> heard;
  const auto note = [&](const std::string& what) {
    const std::lock_guard held(guard);
    heard.push_back(what);
  };
  const auto count = [&](const std::string& what) {
    const std::lock_guard held(guard);
    return std::count(heard.begin(), heard.end(), what);
  };
  server.on_tunnel_created([&](hook_context& about) {
    EXPECT_EQ(about.abort_user().error().code(), errc::nothing_to_abort);
    EXPECT_TRUE(about.user_remote_address().empty());
    EXPECT_TRUE(about.inner_remote_address().starts_with("127.0.0.1:"));
    EXPECT_EQ(about.inner_local_address(), address());
    about.put_value("visitors", std::make_shared<std::atomic<int>>(0));
    note("created " + about.service_info().name);
  });
  server.on_user_coming([&](hook_context& about) {
    ++*std::any_cast<std::shared_ptr<std::atomic<int>>>(about.get_value("visitors"));
    EXPECT_FALSE(about.get_value("nothing").has_value());
    EXPECT_TRUE(about.user_remote_address().starts_with("127.0.0.1:"));
    EXPECT_EQ(about.user_local_address(), "127.0.0.1:" + std::to_string(ports[0]));
    note("coming");
  });
  server.on_forward_user_to_tunnel([&](hook_context& about) {
    EXPECT_EQ(about.inner_local_address(), address());
    EXPECT_TRUE(about.inner_remote_address().starts_with("127.0.0.1:"));
    if (about.data().empty()) note("user ended");
    for (std::byte& each : about.data()) each = static_cast<std::byte>(std::toupper(int(each)));
  });
  server.on_forward_tunnel_to_user([&](hook_context& about) {
    for (std::byte& each : about.data()) {
      if (each == std::byte('L')) each = std::byte('1');
    }
  });
  server.on_user_leaving([&](hook_context& about) {
    EXPECT_FALSE(about.abort_user());
    note("leaving");
  });
  server.on_tunnel_destroyed([&](hook_context& about) {
    EXPECT_EQ(about.abort_tunnel().error().code(), errc::nothing_to_abort);
    note("destroyed after " + std::to_string(*std::any_cast<std::shared_ptr<std::atomic<int>>>(
                                  about.get_value("visitors"))));
  });
  const stopped_in_time at_end(server);
  start();
  tunnel_client client(address());
  auto entry = client.register_service(info());
  ASSERT_TRUE(entry);
  {
    const auto visitor = plain_socket::connected(ports[0]);
    visitor.say("hello");
    EXPECT_EQ(visitor.hear(5), "HE11O");
    visitor.finish();
    EXPECT_EQ(visitor.hear(1), "");
  }
  EXPECT_EQ(say_and_hear(ports[0], "x"), "X");
  EXPECT_TRUE(eventually([&] { return count("leaving") == 2; }));
  EXPECT_EQ(count("user ended"), 2);
  entry->cancel();
  EXPECT_TRUE(eventually([&] { return count("destroyed after 2") == 1; }));
  EXPECT_EQ(heard.front(), "created echo");
}

TEST_F(library, hooks_may_abort) {
  std::atomic<int> came{0};
  std::atomic<bool> end_all{false};
  server.on_user_coming([&](hook_context& about) {
    if (end_all) {
      EXPECT_TRUE(about.abort_tunnel());
    } else if (++came == 1) {
      EXPECT_TRUE(about.abort_user());
      EXPECT_EQ(about.abort_user().error().code(), errc::nothing_to_abort);
    }
  });
  const stopped_in_time at_end(server);
  start();
  tunnel_client client(address());
  auto entry = client.register_service(info());
  ASSERT_TRUE(entry);
  EXPECT_TRUE(plain_socket::connected(ports[0]).is_reset());
  EXPECT_EQ(say_and_hear(ports[0], "next"), "next");
  end_all = true;
  EXPECT_TRUE(plain_socket::connected(ports[0]).is_reset());
  EXPECT_EQ(entry->done().get().code(), errc::tunnel_ended);
}

TEST_F(library, a_hook_that_throws_ends_what_it_was_about_and_nothing_else) {
  std::atomic<int> came{0};
  server.on_tunnel_created([](hook_context& about) {
    if (about.service_info().name == "bad") throw std::runtime_error("not this one");
  });
  server.on_user_coming([&](hook_context&) {
    if (++came == 1) throw 1;
  });
  server.on_forward_user_to_tunnel([](hook_context& about) {
    if (!about.data().empty() && about.data()[0] == std::byte('!')) throw std::bad_alloc();
  });
  const stopped_in_time at_end(server);
  start();
  tunnel_client client(address());
  EXPECT_FALSE(client.register_service(info(1, "bad")));
  ASSERT_TRUE(client.register_service(info()));
  EXPECT_TRUE(plain_socket::connected(ports[0]).is_reset());
  const auto lively = plain_socket::connected(ports[0]);
  lively.say("a");
  EXPECT_EQ(lively.hear(1), "a");
  const auto bad = plain_socket::connected(ports[0]);
  bad.say("!");
  EXPECT_TRUE(bad.is_reset());
  lively.say("b");
  EXPECT_EQ(lively.hear(1), "b");
}

}  // namespace
}  // namespace frpx::test
