// A datagram costs no allocation. The sanitizers bring an operator new of their own, so their
// builds leave this out.
#ifndef FRPX_SANITIZED

#include <gtest/gtest.h>

#include <array>

#include "tests/support/allocation_count.hpp"
#include "tests/support/udp_pair.hpp"

namespace frpx::net {
namespace {

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
