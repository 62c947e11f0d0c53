// A server of the library's with ports, a service to expose, and blocking sockets to visit it by.
#pragma once

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <functional>
#include <mutex>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include <frpx/frpx.hpp>

namespace frpx::test {

inline bool eventually(const std::function<bool()>& holds) {
  const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(20);
  while (!holds()) {
    if (std::chrono::steady_clock::now() > until) return false;
    std::this_thread::yield();
  }
  return true;
}

/// A blocking connection or listening socket on loopback.
class plain_socket {
 public:
  explicit plain_socket(int fd) : fd_(fd) {
    const timeval patience{20, 0};
    ::setsockopt(fd_, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  }
  plain_socket(plain_socket&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  plain_socket& operator=(plain_socket&&) = delete;
  ~plain_socket() { close(); }

  static plain_socket listening(std::uint16_t port = 0) {
    plain_socket made(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    const int on = 1;
    ::setsockopt(made.fd_, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    sockaddr_in here = address(port);
    EXPECT_EQ(::bind(made.fd_, reinterpret_cast<sockaddr*>(&here), sizeof here), 0);
    EXPECT_EQ(::listen(made.fd_, 128), 0);
    return made;
  }
  static plain_socket connected(std::uint16_t port) {
    plain_socket made(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_in to = address(port);
    made.connected_ = ::connect(made.fd_, reinterpret_cast<sockaddr*>(&to), sizeof to) == 0;
    return made;
  }
  std::uint16_t port() const {
    sockaddr_in here{};
    socklen_t size = sizeof here;
    ::getsockname(fd_, reinterpret_cast<sockaddr*>(&here), &size);
    return ntohs(here.sin_port);
  }
  int accept() const { return ::accept4(fd_, nullptr, nullptr, SOCK_CLOEXEC); }
  bool say(std::string_view text) const {
    return ::send(fd_, text.data(), text.size(), MSG_NOSIGNAL) == ssize_t(text.size());
  }
  /// Exactly `size` bytes, fewer at an end.
  std::string hear(std::size_t size) const {
    std::string text(size, '\0');
    std::size_t got = 0;
    while (got < size) {
      const ssize_t count = ::recv(fd_, text.data() + got, size - got, 0);
      if (count <= 0) break;
      got += static_cast<std::size_t>(count);
    }
    text.resize(got);
    return text;
  }
  bool is_reset() const {
    char one = 0;
    return ::recv(fd_, &one, 1, 0) < 0 && errno == ECONNRESET;
  }
  bool is_silent_for(std::chrono::milliseconds time) const {
    pollfd watched{fd_, POLLIN, 0};
    return ::poll(&watched, 1, static_cast<int>(time.count())) == 0;
  }
  void finish() const { ::shutdown(fd_, SHUT_WR); }
  void wake() const { ::shutdown(fd_, SHUT_RDWR); }
  void close() {
    if (fd_ >= 0) ::close(std::exchange(fd_, -1));
  }
  bool is_connected() const { return connected_; }

 private:
  static sockaddr_in address(std::uint16_t port) {
    sockaddr_in made{};
    made.sin_family = AF_INET;
    made.sin_port = htons(port);
    made.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    return made;
  }

  int fd_;
  bool connected_ = false;
};

/// A service: `serve` in a thread for each visitor.
class service {
 public:
  explicit service(std::function<void(plain_socket&)> serve)
      : serve_(std::move(serve)), listening_(plain_socket::listening()) {
    doorman_ = std::thread([this] {
      for (int fd = 0; (fd = listening_.accept()) >= 0;) {
        const std::lock_guard held(guard_);
        threads_.emplace_back([this, fd] {
          plain_socket visitor(fd);
          serve_(visitor);
        });
      }
    });
  }
  ~service() {
    listening_.wake();
    doorman_.join();
    for (std::thread& each : threads_) each.join();
  }
  std::string address() const { return "127.0.0.1:" + std::to_string(listening_.port()); }

 private:
  const std::function<void(plain_socket&)> serve_;
  plain_socket listening_;
  std::thread doorman_;
  std::mutex guard_;
  std::vector<std::thread> threads_;
};

inline void echo(plain_socket& visitor) {
  for (std::string byte; !(byte = visitor.hear(1)).empty();) visitor.say(byte);
}

inline std::vector<std::uint16_t> free_ports(std::size_t count) {
  std::vector<plain_socket> held;
  std::set<std::uint16_t> found;
  for (std::size_t i = 0; i < count; ++i) {
    held.push_back(plain_socket::listening());
    found.insert(held.back().port());
  }
  return {found.begin(), found.end()};
}

/// Stops a server before what its hooks and logger refer to goes.
class stopped_in_time {
 public:
  explicit stopped_in_time(tunnel_server& what) : what_(what) {}
  stopped_in_time(const stopped_in_time&) = delete;
  ~stopped_in_time() { what_.stop(); }

 private:
  tunnel_server& what_;
};

class library : public testing::Test {
 protected:
  library() {
    for (const std::uint16_t each : ports) EXPECT_TRUE(server.add_ports(each, each));
  }
  void start() { ASSERT_TRUE(server.start("127.0.0.1:0")); }
  std::string address() const { return "127.0.0.1:" + std::to_string(server.port()); }
  register_info info(std::size_t which = 0, const std::string& name = "echo") const {
    return {ports[which], echoes.address(), name, "a test"};
  }

  const std::vector<std::uint16_t> ports = free_ports(8);
  service echoes{echo};
  tunnel_server server;
};

inline std::string say_and_hear(std::uint16_t port, const std::string& text) {
  const auto visitor = plain_socket::connected(port);
  visitor.say(text);
  return visitor.hear(text.size());
}

}  // namespace frpx::test
