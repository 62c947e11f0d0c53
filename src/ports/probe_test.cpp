#include "ports/probe.hpp"

#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include "net/fd.hpp"

namespace frpx::ports {
namespace {

struct holder {
  net::unique_fd fd;
  std::uint16_t port = 0;
};

holder hold(int type) {
  holder made{net::unique_fd(::socket(AF_INET, type | SOCK_CLOEXEC, 0))};
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  EXPECT_EQ(::bind(made.fd.get(), reinterpret_cast<sockaddr*>(&address), size), 0);
  if (type == SOCK_STREAM) EXPECT_EQ(::listen(made.fd.get(), 1), 0);
  EXPECT_EQ(::getsockname(made.fd.get(), reinterpret_cast<sockaddr*>(&address), &size), 0);
  made.port = ntohs(address.sin_port);
  return made;
}

TEST(probe, finds_who_listens_on_one_address_and_only_over_that_transport) {
  const struct {
    int type;
    transport over;
    transport other;
  } cases[] = {{SOCK_STREAM, transport::tcp, transport::udp},
               {SOCK_DGRAM, transport::udp, transport::tcp}};
  ASSERT_GT(std::size(cases), 0u);
  for (const auto& each : cases) {
    holder held = hold(each.type);
    EXPECT_TRUE(is_port_taken(held.port, each.over));
    EXPECT_FALSE(is_port_taken(held.port, each.other));
    held.fd.reset();
    EXPECT_FALSE(is_port_taken(held.port, each.over));
  }
}

}  // namespace
}  // namespace frpx::ports
