// A service on a worker of its own, and visitors of it that send exact bytes.
#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/time.h>

#include <gtest/gtest.h>

#include <charconv>
#include <future>
#include <string>
#include <string_view>

#include "http/service.hpp"
#include "net/listener.hpp"

namespace frpx::http {

/// Blocking, from the test's thread; a wait of more than 10 s fails the test.
class test_visitor {
 public:
  explicit test_visitor(std::uint16_t port, int receive_buffer = 0)
      : fd_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    if (receive_buffer > 0) {
      ::setsockopt(fd_.get(), SOL_SOCKET, SO_RCVBUF, &receive_buffer, sizeof receive_buffer);
    }
    const timeval patience{10, 0};
    ::setsockopt(fd_.get(), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    ::setsockopt(fd_.get(), SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    EXPECT_EQ(::connect(fd_.get(), reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
  }

  /// False when the connection broke on the way.
  bool send(std::string_view bytes) {
    while (!bytes.empty()) {
      const ssize_t count = ::send(fd_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (count <= 0) return false;
      bytes.remove_prefix(static_cast<std::size_t>(count));
    }
    return true;
  }
  void half_close() { ::shutdown(fd_.get(), SHUT_WR); }
  void close() { fd_.reset(); }
  void reset() {
    const linger at_once{1, 0};
    ::setsockopt(fd_.get(), SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
    close();
  }

  /// Everything up to and with `mark`, which must come.
  std::string read_through(std::string_view mark) {
    while (unread_.find(mark) == std::string::npos) {
      if (!receive()) {
        ADD_FAILURE() << "ended before '" << mark << "', behind: " << unread_;
        return std::exchange(unread_, {});
      }
    }
    return take(unread_.find(mark) + mark.size());
  }
  std::string read_exactly(std::size_t size) {
    while (unread_.size() < size) {
      if (!receive()) {
        ADD_FAILURE() << "ended after " << unread_.size() << " of " << size << " bytes";
        break;
      }
    }
    return take(std::min(size, unread_.size()));
  }
  /// Head and body of a response with Content-Length.
  std::string read_response() {
    std::string text = read_through("\r\n\r\n");
    constexpr std::string_view name = "Content-Length: ";
    const auto at = text.find(name);
    if (at == std::string::npos) return text;
    std::size_t size = 0;
    std::from_chars(text.data() + at + name.size(), text.data() + text.size(), size);
    return text + read_exactly(size);
  }
  /// All that comes until the service's end; `was_reset` tells whether that was an error.
  std::string read_to_end() {
    while (receive()) {
    }
    return std::exchange(unread_, {});
  }
  /// Whether something comes, or the service ends, within that time.
  bool hears_within(std::chrono::milliseconds patience) {
    pollfd wanted{fd_.get(), POLLIN, 0};
    return !unread_.empty() || ::poll(&wanted, 1, static_cast<int>(patience.count())) == 1;
  }
  bool was_reset() const { return error_ == ECONNRESET; }
  /// The service has ended in order, without a further byte.
  bool has_ended() { return unread_.empty() && !receive() && error_ == 0; }

 private:
  bool receive() {
    char piece[16384];
    const ssize_t count = ::recv(fd_.get(), piece, sizeof piece, 0);
    if (count > 0) unread_.append(piece, static_cast<std::size_t>(count));
    if (count < 0) error_ = errno;
    return count > 0;
  }
  std::string take(std::size_t size) {
    std::string out = unread_.substr(0, size);
    unread_.erase(0, size);
    return out;
  }

  net::unique_fd fd_;
  std::string unread_;
  int error_ = 0;
};

/// A running service; ends it in order when it goes.
class test_service {
 public:
  explicit test_service(handler answers, service_options options = {})
      : workers_(1),
        listener_(workers_, net::listener::placing::home,
                  [this](net::worker& on, net::accepted one) {
                    running_->take(std::make_unique<net::socket>(on.events(), std::move(one.fd)),
                                   one.peer);
                  }) {
    running_.emplace(workers_.home(), std::move(answers), options);
    EXPECT_FALSE(listener_.open("127.0.0.1", 0));
    workers_.start();
  }
  /// The result of `f`, run on the service's worker.
  template <class F>
  auto call(F f) {
    std::promise<decltype(f())> done;
    workers_.home().post([&] { done.set_value(f()); });
    return done.get_future().get();
  }
  ~test_service() {
    stop(std::chrono::seconds(0));
    call([this] { return listener_.stop(), running_.reset(), 0; });
    workers_.stop();
  }

  std::uint16_t port() const { return listener_.port(); }
  net::worker& home() { return workers_.home(); }

  void drain() {
    call([this] { return running_->drain(), 0; });
  }
  void stop(std::chrono::milliseconds patience) {
    call([&] { return workers_.home().tasks().spawn(stop_running(&*running_, patience)), 0; });
    EXPECT_TRUE(eventually([this] { return workers_.home().tasks().size() == 0; }));
  }
  /// Waits until the service has so many connections.
  bool comes_to(std::size_t connections) {
    return eventually([&] { return running_->connections() == connections; });
  }
  /// Waits, on the worker's loop, until `condition` holds.
  template <class F>
  bool eventually(F condition) {
    const auto until = steady_clock::now() + std::chrono::seconds(10);
    while (!call(condition)) {
      if (steady_clock::now() > until) return false;
    }
    return true;
  }

 private:
  static boost::asio::awaitable<void> stop_running(service* what,
                                                   std::chrono::milliseconds patience) {
    co_await what->stop(patience);
  }

  net::worker_pool workers_;
  std::optional<service> running_;
  net::listener listener_;
};

/// A request and a look at its answer.
inline std::string get(std::string_view path, std::string_view fields = "") {
  return "GET " + std::string(path) + " HTTP/1.1\r\nHost: a\r\n" + std::string(fields) + "\r\n";
}

inline std::string body_of(const std::string& answer) {
  return answer.substr(answer.find("\r\n\r\n") + 4);
}

inline bool has(const std::string& text, std::string_view part) {
  return text.find(part) != std::string::npos;
}

}  // namespace frpx::http
