#include "net/resolver.hpp"

#include <gtest/gtest.h>
#include <sys/socket.h>

#include <functional>
#include <string>

#include "net/error.hpp"
#include "tests/support/event_loop.hpp"
#include "tests/support/name_server.hpp"

namespace frpx::net {
namespace {

using boost::asio::ip::make_address;
using std::chrono::hours;
using std::chrono::milliseconds;
using found = result<std::vector<endpoint>>;

boost::asio::awaitable<void> ask(resolver* names, std::string host, steady_clock::duration patience,
                                 std::optional<found>* into) {
  into->emplace(co_await names->resolve(std::move(host), 80, patience));
}

class resolver_test : public testing::Test {
 protected:
  // Resolves while `meanwhile` runs again and again.
  found resolve(
      const std::string& host, steady_clock::duration patience,
      const std::function<void()>& meanwhile = [] {}) {
    std::optional<found> answer;
    task_group group(loop_->loop());
    group.spawn(ask(&names_, host, patience, &answer));
    EXPECT_TRUE(loop_.run_until([&] {
      meanwhile();
      return group.size() == 0;
    }));
    return *answer;
  }

  test::event_loop loop_;
  test::name_server server_;
  blocking_pool pool_{1, 4};
  resolver names_{pool_, server_.address};
};

TEST_F(resolver_test, an_ip_address_needs_nobody) {
  EXPECT_EQ(resolve("192.0.2.1", hours(1)).value().front(),
            endpoint(make_address("192.0.2.1"), 80));
  EXPECT_EQ(resolve("::1", hours(1)).value().front(), endpoint(make_address("::1"), 80));
  EXPECT_EQ(server_.asked, 0);
}

TEST_F(resolver_test, localhost_needs_no_name_server) {
  const found all = resolve("localhost", hours(1));
  ASSERT_TRUE(all) << all.error().message();
  for (const endpoint& each : *all) {
    EXPECT_TRUE(each.address().is_loopback()) << each;
    EXPECT_EQ(each.port(), 80);
  }
}

TEST_F(resolver_test, refuses_what_is_no_name) {
  const std::string longest(253, 'a');
  for (const std::string& bad : {std::string(), std::string("a b"), std::string("a\nb"),
                                 std::string("[::1]") + '\0', longest + "a"}) {
    EXPECT_EQ(resolve(bad, hours(1)).error(), errc::bad_address) << bad;
  }
  EXPECT_EQ(server_.asked, 0);
}

TEST_F(resolver_test, takes_the_name_servers_answer) {
  const found all = resolve("some.example.", hours(1), [&] { server_.answer(0); });
  ASSERT_TRUE(all) << all.error().message();
  EXPECT_EQ(*all, std::vector{endpoint(make_address("192.0.2.7"), 80)});
  EXPECT_GT(server_.asked, 0);
}

TEST_F(resolver_test, a_name_that_is_not_there) {
  const found all = resolve("missing.example.", hours(1), [&] { server_.answer(3); });
  EXPECT_EQ(all.error(), errc::unknown_host);
}

TEST_F(resolver_test, a_name_server_that_fails) {
  const found all = resolve("some.example.", hours(1), [&] { server_.answer(2); });
  EXPECT_EQ(all.error(), errc::name_server);
}

TEST_F(resolver_test, a_name_server_that_says_nothing_is_late) {
  const steady_time before = steady_clock::now();
  EXPECT_EQ(resolve("some.example.", milliseconds(50)).error(), errc::late);
  EXPECT_LT(steady_clock::now() - before, std::chrono::seconds(4));
}

TEST_F(resolver_test, stops_at_once_while_nobody_answers) {
  const steady_time before = steady_clock::now();
  const found all = resolve("some.example.", hours(1), [&] { names_.stop(); });
  EXPECT_EQ(all.error(), boost::asio::error::operation_aborted);
  EXPECT_LT(steady_clock::now() - before, std::chrono::seconds(4));
}

TEST_F(resolver_test, a_look_up_does_not_hold_up_the_end_of_its_pool) {
  blocking_pool pool(1, 1);
  std::optional<found> answer;
  task_group group(loop_->loop());
  const steady_time before = steady_clock::now();
  {
    resolver names(pool, server_.address);
    group.spawn(ask(&names, "some.example.", hours(1), &answer));
    loop_.settle();
    group.cancel();
    EXPECT_TRUE(loop_.run_until([&] { return group.size() == 0; }));
  }
  EXPECT_TRUE(loop_.run_until(
      [&] { return loop_.await(pool.run([] { return 1; }, hours(1))).has_value(); }));
  EXPECT_LT(steady_clock::now() - before, std::chrono::seconds(4));
}

}  // namespace
}  // namespace frpx::net
