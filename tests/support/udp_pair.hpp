// UDP sockets for tests: one that keeps what it receives, and a plain one of the system's.
#pragma once

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <sys/socket.h>

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "net/udp_socket.hpp"
#include "tests/support/event_loop.hpp"

namespace frpx::test {

/// A socket of ours and all that came to it.
struct udp_keeper final : net::udp_socket::receiver {
  udp_keeper(event_loop& loop, net::unique_fd fd) : socket(loop->udp(), std::move(fd), *this) {}

  void on_datagram(const net::udp_route& from, bytes_view datagram) override {
    datagrams.emplace_back(as_text(datagram));
    routes.push_back(from);
    if (echoes) socket.send(datagram, from);
  }
  void on_refused(error_code why) override { refusals.push_back(why); }

  bool echoes = false;
  std::vector<std::string> datagrams;
  std::vector<net::udp_route> routes;
  std::vector<error_code> refusals;
  net::udp_socket socket;
};

/// A socket of the system's on loopback, non-blocking.
class plain_udp {
 public:
  plain_udp() : fd_(::socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    const int size = 4 << 20;
    ::setsockopt(fd_.get(), SOL_SOCKET, SO_RCVBUF, &size, sizeof size);
    EXPECT_EQ(::bind(fd_.get(), reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
  }
  net::udp_endpoint local() const {
    net::udp_endpoint address;
    auto size = static_cast<socklen_t>(address.capacity());
    EXPECT_EQ(::getsockname(fd_.get(), address.data(), &size), 0);
    address.resize(size);
    return address;
  }
  void send(std::string_view datagram, const net::udp_endpoint& to) {
    EXPECT_EQ(::sendto(fd_.get(), datagram.data(), datagram.size(), 0, to.data(),
                       static_cast<socklen_t>(to.size())),
              static_cast<ssize_t>(datagram.size()));
  }
  /// The next datagram and who sent it, if one is there.
  std::optional<std::pair<std::string, net::udp_endpoint>> receive_from() {
    std::string into(65'536, '\0');
    net::udp_endpoint from;
    auto size = static_cast<socklen_t>(from.capacity());
    const ssize_t count = ::recvfrom(fd_.get(), into.data(), into.size(), 0, from.data(), &size);
    if (count < 0) return std::nullopt;
    from.resize(size);
    into.resize(static_cast<std::size_t>(count));
    return std::pair(std::move(into), from);
  }
  std::optional<std::string> receive() {
    auto one = receive_from();
    return one ? std::optional(std::move(one->first)) : std::nullopt;
  }
  std::vector<std::string> receive_all() {
    std::vector<std::string> all;
    while (auto one = receive()) all.push_back(std::move(*one));
    return all;
  }

 private:
  net::unique_fd fd_;
};

inline net::udp_endpoint on_loopback(std::uint16_t port) {
  return {boost::asio::ip::address_v4::loopback(), port};
}

}  // namespace frpx::test
