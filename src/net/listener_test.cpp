#include "net/listener.hpp"

#include <gtest/gtest.h>
#include <netinet/tcp.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include <atomic>
#include <cstdlib>
#include <functional>
#include <set>

#include "net/error.hpp"
#include "tests/support/event_loop.hpp"

namespace frpx::net {
namespace {

using boost::asio::ip::make_address;

unique_fd dial(const std::string& address, std::uint16_t port) {
  const endpoint to(make_address(address), port);
  unique_fd fd(::socket(to.protocol().family(), SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (::connect(fd.get(), to.data(), static_cast<socklen_t>(to.size())) != 0) return {};
  return fd;
}

template <class Done>
bool wait_until(Done done) {
  const steady_time late = steady_clock::now() + std::chrono::seconds(30);
  while (!done() && steady_clock::now() < late) std::this_thread::yield();
  return done();
}

TEST(listener, accepts_on_a_port_of_the_systems_choice) {
  worker_pool workers(1);
  std::atomic<int> accepted_count = 0;
  listener listening(workers, listener::placing::home, [&](worker& on, accepted one) {
    EXPECT_EQ(&on, &workers.home());
    EXPECT_EQ(one.peer.address(), make_address("127.0.0.1"));
    ++accepted_count;
  });
  ASSERT_FALSE(listening.open("127.0.0.1", 0));
  EXPECT_NE(listening.port(), 0);
  workers.start();
  const unique_fd visitor = dial("127.0.0.1", listening.port());
  EXPECT_TRUE(wait_until([&] { return accepted_count == 1; }));
  workers.stop();
}

TEST(listener, gives_sockets_that_are_tuned_for_streams) {
  worker_pool workers(1);
  std::atomic<int> tuned = 0;
  listener listening(workers, listener::placing::home, [&](worker&, accepted one) {
    int no_delay = 0;
    int idle = 0;
    socklen_t size = sizeof no_delay;
    ::getsockopt(one.fd.get(), IPPROTO_TCP, TCP_NODELAY, &no_delay, &size);
    ::getsockopt(one.fd.get(), IPPROTO_TCP, TCP_KEEPIDLE, &idle, &size);
    tuned = no_delay != 0 && idle == 60 ? 1 : -1;
  });
  ASSERT_FALSE(listening.open("127.0.0.1", 0));
  workers.start();
  const unique_fd visitor = dial("127.0.0.1", listening.port());
  EXPECT_TRUE(wait_until([&] { return tuned != 0; }));
  EXPECT_EQ(tuned, 1);
  workers.stop();
}

TEST(listener, takes_both_families_when_asked_for_all_addresses) {
  worker_pool workers(1);
  std::atomic<int> accepted_count = 0;
  listener listening(workers, listener::placing::home,
                     [&](worker&, accepted) { ++accepted_count; });
  ASSERT_FALSE(listening.open("::", 0));
  workers.start();
  const unique_fd by_ip4 = dial("127.0.0.1", listening.port());
  const unique_fd by_ip6 = dial("::1", listening.port());
  EXPECT_TRUE(by_ip4);
  const int expected = by_ip6 ? 2 : 1;  // a machine may have no IPv6
  EXPECT_TRUE(wait_until([&] { return accepted_count == expected; }));
  workers.stop();
}

TEST(listener, tells_why_it_cannot_open) {
  worker_pool workers(1);
  const auto nothing = [](worker&, accepted) {};
  listener first(workers, listener::placing::home, nothing);
  ASSERT_FALSE(first.open("127.0.0.1", 0));
  listener second(workers, listener::placing::home, nothing);
  EXPECT_EQ(second.open("127.0.0.1", first.port()), boost::system::errc::address_in_use);
  EXPECT_EQ(second.open("not an address", 0), errc::bad_address);
  first.stop();
  EXPECT_FALSE(second.open("127.0.0.1", first.port()));
}

// What each worker got, for as long as the test wants; each worker touches its own.
struct placed_connections {
  explicit placed_connections(std::size_t workers) : of(workers) {}
  listener::handler taker() {
    return [this](worker& on, accepted one) {
      of.at(on.index()).push_back(std::move(one));
      ++count;
    };
  }
  std::vector<std::vector<accepted>> of;
  std::atomic<std::size_t> count = 0;
};

TEST(listener, spreads_a_burst_over_the_workers) {
  constexpr std::size_t size = 4;
  worker_pool workers(size);
  placed_connections got(size);
  listener listening(workers, listener::placing::least_loaded, got.taker());
  ASSERT_FALSE(listening.open("127.0.0.1", 0));
  std::vector<unique_fd> visitors;  // all of them are there before the first is accepted
  for (std::size_t i = 0; i < 16 * size; ++i) {
    visitors.push_back(dial("127.0.0.1", listening.port()));
  }
  workers.start();
  EXPECT_TRUE(wait_until([&] { return got.count == visitors.size(); }));
  workers.stop();
  for (const auto& each : got.of) EXPECT_EQ(each.size(), 16u);
}

TEST(listener, gives_the_next_to_the_worker_whose_connections_have_gone) {
  worker_pool workers(3);
  placed_connections got(3);
  listener listening(workers, listener::placing::least_loaded, got.taker());
  ASSERT_FALSE(listening.open("127.0.0.1", 0));
  workers.start();
  std::vector<unique_fd> visitors;
  const auto dial_some = [&](std::size_t more) {
    for (; more > 0; --more) visitors.push_back(dial("127.0.0.1", listening.port()));
    return wait_until([&] { return got.count == visitors.size(); });
  };
  ASSERT_TRUE(dial_some(6));
  std::atomic<bool> gone = false;
  workers.at(1).post([&] {
    got.of.at(1).clear();
    gone = true;
  });
  ASSERT_TRUE(wait_until([&] { return gone.load(); }));
  EXPECT_EQ(workers.at(1).load(), 0u);
  ASSERT_TRUE(dial_some(2));
  workers.stop();
  for (const auto& each : got.of) EXPECT_EQ(each.size(), 2u);
}

TEST(listener, accepts_a_share_of_a_flood_in_one_turn) {
  worker_pool workers(1);
  net::loop& here = workers.home().loop();
  std::size_t count = 0;
  listener listening(workers, listener::placing::home, [&](worker&, accepted) { ++count; });
  ASSERT_FALSE(listening.open("127.0.0.1", 0));
  std::vector<unique_fd> visitors;
  for (int i = 0; i < 200; ++i) visitors.push_back(dial("127.0.0.1", listening.port()));
  std::size_t most = 0;
  for (std::size_t before = 0; count < visitors.size(); before = count) {
    ASSERT_TRUE(here.turn(steady_clock::now() + std::chrono::seconds(30)));
    most = std::max(most, count - before);
  }
  EXPECT_LE(most, 64u);
}

// Runs in a child, because the limit holds for the whole process: true if the connection that found
// no descriptor was accepted once there was one.
bool survives_running_out_of_descriptors() {
  worker_pool workers(1);
  worker& home = workers.home();
  int accepted_count = 0;
  listener listening(workers, listener::placing::home,
                     [&](worker&, accepted) { ++accepted_count; });
  if (listening.open("127.0.0.1", 0)) return false;
  const unique_fd visitor = dial("127.0.0.1", listening.port());
  const rlimit none_left{static_cast<rlim_t>(visitor.get()) + 1, 4096};
  if (!visitor || ::setrlimit(RLIMIT_NOFILE, &none_left) != 0) return false;
  while (::dup(0) >= 0) {
  }
  const auto run_for = [&](std::chrono::milliseconds time) {
    int runs = 0;
    const steady_time end = steady_clock::now() + time;
    while (steady_clock::now() < end) runs += home.loop().turn(end);
    return runs;
  };
  const int runs = run_for(std::chrono::milliseconds(50));
  if (accepted_count != 0 || runs > 20) return false;  // it neither accepts nor spins
  ::close(0);
  for (int i = 0; i < 100 && accepted_count == 0; ++i) run_for(std::chrono::milliseconds(100));
  return accepted_count == 1;
}

TEST(listener, pauses_without_descriptors_and_loses_nobody) {
#ifdef FRPX_SANITIZED
  GTEST_SKIP() << "UBSan needs descriptors to look at memory";
#endif
  const pid_t child = ::fork();
  if (child == 0) ::_exit(survives_running_out_of_descriptors() ? 0 : 1);
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_TRUE(WIFEXITED(status));
  EXPECT_EQ(WEXITSTATUS(status), 0);
}

}  // namespace
}  // namespace frpx::net
