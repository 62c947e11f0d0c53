#include "ports/probe.hpp"

#include <netinet/in.h>
#include <sys/socket.h>

#include <cerrno>

#include "net/fd.hpp"

namespace frpx::ports {
namespace {

bool is_bound(int family, int type, std::uint16_t port) {
  const net::unique_fd fd(::socket(family, type | SOCK_CLOEXEC, 0));
  if (!fd) return false;
  // A connection that has ended does not hold a TCP port; who listens does.
  const int on = 1;
  if (type == SOCK_STREAM) ::setsockopt(fd.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  if (family == AF_INET) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    return ::bind(fd.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) != 0 &&
           errno == EADDRINUSE;
  }
  ::setsockopt(fd.get(), IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on);
  sockaddr_in6 address{};
  address.sin6_family = AF_INET6;
  address.sin6_port = htons(port);
  return ::bind(fd.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) != 0 &&
         errno == EADDRINUSE;
}

}  // namespace

bool is_port_taken(std::uint16_t port, transport over) {
  const int type = over == transport::tcp ? SOCK_STREAM : SOCK_DGRAM;
  return is_bound(AF_INET, type, port) || is_bound(AF_INET6, type, port);
}

}  // namespace frpx::ports
