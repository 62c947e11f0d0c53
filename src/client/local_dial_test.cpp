#include "client/local_dial.hpp"

#include "tests/support/name_server.hpp"
#include "tests/support/scripted_peer.hpp"

namespace frpx::client {
namespace {

using namespace std::chrono_literals;

constexpr std::array<unsigned char, 4> here{127, 0, 0, 1};
constexpr std::array<unsigned char, 4> elsewhere{127, 0, 0, 2};  // where nobody listens

using outcome = result<std::unique_ptr<net::socket>>;

boost::asio::awaitable<void> find(local_service* service) {
  const auto found = co_await service->find(10s);
  EXPECT_TRUE(found);
}

boost::asio::awaitable<void> reach(net::worker* on, local_service* service, outcome* into) {
  net::wakeup bell(on->events());
  local_dial to(*on, bell, *service, 10s);
  error_code failed = co_await to.start();
  while (!failed && to.step() != dial::state::connected) {
    if (to.step() == dial::state::connecting) {
      co_await bell.wait();
    } else if (!co_await to.start_again()) {
      failed = to.error();
    }
  }
  *into = failed ? outcome(failed) : outcome(to.take());
}

class local_dial_test : public testing::Test {
 protected:
  outcome connect() {
    outcome done = make_error_code(boost::system::errc::invalid_argument);
    run(reach(&loop_.worker(), &service_, &done));
    return done;
  }
  // While the name server answers.
  void run(boost::asio::awaitable<void> what) {
    net::task_group group(loop_->loop());
    group.spawn(std::move(what));
    EXPECT_TRUE(test::run_until(loop_, [&] {
      names_at_.answer(0);
      return group.size() == 0;
    }));
  }

  test::event_loop loop_;
  test::name_server names_at_;
  net::blocking_pool blocking_{1, 8};
  net::resolver names_{blocking_, names_at_.address};
  test::scripted_port port_{loop_};
  local_service service_{names_, "box.example.", port_.port()};
};

TEST_F(local_dial_test, a_service_that_moved_is_found_at_once) {
  names_at_.found = elsewhere;
  EXPECT_EQ(connect().error(), boost::system::errc::connection_refused);
  names_at_.found = here;
  ASSERT_TRUE(connect()) << "a failure is not remembered";
  const int asked = names_at_.asked;
  EXPECT_TRUE(connect());
  EXPECT_EQ(names_at_.asked, asked) << "a success is";
}

TEST_F(local_dial_test, what_was_remembered_is_looked_up_anew_within_the_same_try) {
  names_at_.found = elsewhere;
  run(find(&service_));
  names_at_.found = here;
  ASSERT_TRUE(service_.known());
  EXPECT_TRUE(connect());
  EXPECT_EQ(service_.known()->front().address(), boost::asio::ip::make_address("127.0.0.1"));
}

TEST_F(local_dial_test, a_service_that_is_down_is_not_worth_a_look_up_for_each_visitor) {
  names_at_.found = elsewhere;
  EXPECT_FALSE(connect());
  const int asked = names_at_.asked;
  const steady_time since = steady_clock::now();
  for (int i = 0; i < 50; ++i) EXPECT_FALSE(connect());
  const auto may_look = 3 + (steady_clock::now() - since) / local_service::between_looks;
  EXPECT_LE(names_at_.asked, may_look * asked);
}

TEST_F(local_dial_test, an_address_is_not_looked_up) {
  local_service literal(names_, "127.0.0.2", port_.port());
  EXPECT_FALSE(literal.forget());
  EXPECT_TRUE(literal.known());
}

}  // namespace
}  // namespace frpx::client
