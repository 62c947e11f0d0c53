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

// Other programs bind ports of this machine meanwhile, so one of some tries must show it whole.
bool is_found(int type, transport over, transport other) {
  for (int tries = 0; tries < 50; ++tries) {
    holder held = hold(type);
    if (!is_port_taken(held.port, over) || is_port_taken(held.port, other)) continue;
    held.fd.reset();
    if (!is_port_taken(held.port, over)) return true;
  }
  return false;
}

TEST(probe, finds_who_listens_on_one_address_and_only_over_that_transport) {
  EXPECT_TRUE(is_found(SOCK_STREAM, transport::tcp, transport::udp));
  EXPECT_TRUE(is_found(SOCK_DGRAM, transport::udp, transport::tcp));
}

}  // namespace
}  // namespace frpx::ports
