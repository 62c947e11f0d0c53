#include "server/command_watch.hpp"

#include <gtest/gtest.h>

#include "tests/support/event_loop.hpp"

namespace frpx::server {
namespace {

class command_watch_test : public testing::Test {
 protected:
  void add(std::string_view action, std::string_view what, std::string_view who = "command line") {
    ASSERT_TRUE(store_->add_audit({.at = wall_clock::now(),
                                   .who = std::string(who),
                                   .from = "uid 0",
                                   .action = std::string(action),
                                   .what = std::string(what),
                                   .outcome = "done"}));
  }
  // What the listener hears of the next look, as `event name` each.
  std::string look() {
    loop_.await([](command_watch* watch) -> boost::asio::awaitable<bool> {
      co_await watch->look();
      co_return true;
    }(&watch_));
    std::string text;
    while (listener_->produce(text) == http::body_source::state::more) {
    }
    std::string told;
    for (std::size_t at = text.find("event: "); at != text.npos; at = text.find("event: ", at)) {
      at += 7;
      told += text.substr(at, text.find('\n', at) - at) + " ";
      const auto name = text.find("\"name\":\"", at) + 8;
      told += text.substr(name, text.find('"', name) - name) + ", ";
    }
    return told;
  }

  test::event_loop loop_;
  const std::unique_ptr<store::store> store_ = store::open("memory:").value();
  net::blocking_pool pool_{1, 4};
  api::event_log events_{loop_->timers()};
  const std::unique_ptr<http::body_source> listener_ = events_.listen(std::nullopt);
  command_watch watch_{*store_, pool_, events_};
};

TEST_F(command_watch_test, tells_what_commands_have_changed_since_it_looked_first) {
  add("make key", "before");
  EXPECT_EQ(look(), "");
  EXPECT_EQ(look(), "");
  add("make key", "one");
  add("change the role of user", "me@example.com");
  add("make key", "by the API", "api-token");
  add("hash plain keys", "");
  EXPECT_EQ(look(), "key.made one, user.changed me@example.com, ");
  EXPECT_EQ(look(), "") << "once";
  add("revoke key", "one");
  EXPECT_EQ(look(), "key.revoked one, ");
}

TEST_F(command_watch_test, begins_with_an_empty_log_too) {
  EXPECT_EQ(look(), "");
  add("remove user", "me@example.com");
  EXPECT_EQ(look(), "user.removed me@example.com, ");
}

}  // namespace
}  // namespace frpx::server
