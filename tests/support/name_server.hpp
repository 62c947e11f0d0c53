// A name server for tests.
#pragma once

#include <gtest/gtest.h>
#include <sys/socket.h>

#include <array>
#include <string>

#include "net/fd.hpp"
#include "net/socket.hpp"

namespace frpx::test {

/// A name server on loopback that answers what the test wants, or nothing.
class name_server {
 public:
  name_server() : fd_(::socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0)) {
    net::endpoint where(boost::asio::ip::address_v4::loopback(), 0);
    EXPECT_EQ(::bind(fd_.get(), where.data(), static_cast<socklen_t>(where.size())), 0);
    auto size = static_cast<socklen_t>(where.capacity());
    EXPECT_EQ(::getsockname(fd_.get(), where.data(), &size), 0);
    address = net::to_string(where);
  }

  /// Answers what has been asked with response code `code` (RFC 1035, section 4.1.1) and, if it is
  /// 0 and an IPv4 address is asked for, with `found`.
  void answer(unsigned code) {
    char query[512];
    net::endpoint from;
    auto size = static_cast<socklen_t>(from.capacity());
    const ssize_t count = ::recvfrom(fd_.get(), query, sizeof query, 0, from.data(), &size);
    if (count < 12) return;
    ++asked;
    std::string reply(query, static_cast<std::size_t>(count));
    const bool asks_ipv4 = reply.at(reply.size() - 3) == 1;  // the type, before the class
    reply.at(2) = '\x81';                                    // a response, recursion desired
    reply.at(3) = static_cast<char>(0x80 | code);
    if (code == 0 && asks_ipv4) {
      reply.at(7) = 1;
      reply += std::string("\xc0\x0c\0\1\0\1\0\0\0\x3c\0\4", 12);
      reply.append(found.begin(), found.end());
    }
    ::sendto(fd_.get(), reply.data(), reply.size(), 0, from.data(), size);
  }

  std::array<unsigned char, 4> found{192, 0, 2, 7};
  std::string address;
  int asked = 0;

 private:
  net::unique_fd fd_;
};

}  // namespace frpx::test
