// Relays and datagrams allocate nothing in their steady state. The sanitizers bring an operator new
// of their own, so their builds leave this out.
#ifndef FRPX_SANITIZED

#include <gtest/gtest.h>
#include <sys/socket.h>

#include <array>
#include <string>

#include "net/relay.hpp"
#include "tests/support/allocation_count.hpp"
#include "tests/support/event_loop.hpp"
#include "tests/support/udp_pair.hpp"

namespace frpx::net {
namespace {

class relay_allocation_test : public testing::Test {
 protected:
  relay_allocation_test() {
    loop_->relays().start(visitor_.take_ours(loop_), service_.take_ours(loop_));
  }
  ~relay_allocation_test() override { loop_->relays().reset_all(); }

  // Sends `size` bytes from one end and takes them at the other.
  bool pass(const unique_fd& from, const unique_fd& to, std::size_t size) {
    std::size_t sent = 0;
    std::size_t received = 0;
    return loop_.run_until([&] {
      if (sent < size) {
        const ssize_t count =
            ::send(from.get(), bytes_.data(), std::min(bytes_.size(), size - sent), 0);
        if (count > 0) sent += static_cast<std::size_t>(count);
      }
      const ssize_t count = ::recv(to.get(), bytes_.data(), bytes_.size(), 0);
      if (count > 0) received += static_cast<std::size_t>(count);
      return received == size;
    });
  }
  bool exchange(std::size_t size) {
    return pass(visitor_.theirs, service_.theirs, size) &&
           pass(service_.theirs, visitor_.theirs, size);
  }

  test::event_loop loop_;
  test::tcp_pair visitor_;
  test::tcp_pair service_;
  std::string bytes_ = std::string(64 * 1024, 'x');
};

TEST_F(relay_allocation_test, small_exchanges_allocate_nothing) {
  ASSERT_TRUE(exchange(100));
  const std::size_t before = test::allocations;
  for (int i = 0; i < 100; ++i) ASSERT_TRUE(exchange(100));
  EXPECT_EQ(test::allocations, before);
}

TEST_F(relay_allocation_test, bulk_allocates_nothing_once_it_has_its_pipe) {
  ASSERT_TRUE(exchange(16 << 20));
  const std::size_t before = test::allocations;
  ASSERT_TRUE(exchange(16 << 20));
  EXPECT_EQ(test::allocations, before);
  EXPECT_GT(loop_->relays().totals().spliced, 0u);
}

TEST(relay, is_small_while_idle) {
  EXPECT_LE(sizeof(relay) + 2 * sizeof(socket), 640u);
}

// --- datagrams ---

struct echo final : udp_socket::receiver {
  void on_datagram(const udp_route& from, bytes_view datagram) override {
    ++count;
    if (socket != nullptr) socket->send(datagram, from);
  }
  udp_socket* socket = nullptr;
  std::size_t count = 0;
};

TEST(udp_allocation, batches_both_ways_allocate_nothing) {
  test::event_loop loop;
  echo answering, asking;
  auto bound = bind_udp("127.0.0.1", 0);
  ASSERT_TRUE(bound);
  udp_socket port(loop->udp(), std::move(*bound), answering);
  answering.socket = &port;
  auto connected = connect_udp(port.local());
  ASSERT_TRUE(connected);
  udp_socket peer(loop->udp(), std::move(*connected), asking);
  const std::array<std::byte, 1200> datagram{};
  const auto exchange = [&](std::size_t total) {
    for (int i = 0; i < 100; ++i) peer.send(datagram);
    return loop.run_until([&] { return asking.count == total; });
  };
  ASSERT_TRUE(exchange(100));
  const std::size_t before = test::allocations;
  for (std::size_t round = 2; round <= 20; ++round) ASSERT_TRUE(exchange(round * 100));
  EXPECT_EQ(test::allocations, before);
}

}  // namespace
}  // namespace frpx::net

#endif
