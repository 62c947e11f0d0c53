// A server, a client and a local service in one process, and a visitor's view of them.
#pragma once

#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <atomic>
#include <chrono>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <thread>

#include "client/engine.hpp"
#include "core/random.hpp"
#include "net/fd.hpp"
#include "net/listener.hpp"
#include "net/relay.hpp"
#include "server/server.hpp"

namespace frpx::integration {

using namespace std::chrono_literals;

/// Waits until `holds`, at most `patience`.
inline bool eventually(const std::function<bool()>& holds,
                       std::chrono::milliseconds patience = 10s) {
  const auto until = steady_clock::now() + patience;
  while (!holds()) {
    if (steady_clock::now() > until) return false;
    std::this_thread::yield();
  }
  return true;
}

/// A blocking connection to a port of loopback, as a visitor or a service makes it.
class plain_connection {
 public:
  explicit plain_connection(net::unique_fd fd) : fd_(std::move(fd)) { limit_waits(); }
  explicit plain_connection(std::uint16_t port) : fd_(::socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_port = htons(port);
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    connected_ = ::connect(fd_.get(), reinterpret_cast<sockaddr*>(&to), sizeof to) == 0;
    limit_waits();
  }
  bool connected() const { return connected_; }
  bool send(std::string_view text) {
    while (!text.empty()) {
      const ssize_t sent = ::send(fd_.get(), text.data(), text.size(), MSG_NOSIGNAL);
      if (sent <= 0) return false;
      text.remove_prefix(static_cast<std::size_t>(sent));
    }
    return true;
  }
  /// What arrives next, at most `most` bytes; empty at the end or after 20 s.
  std::string some(std::size_t most = 64 * 1024) {
    std::string text(most, '\0');
    const ssize_t got = ::recv(fd_.get(), text.data(), text.size(), 0);
    text.resize(got > 0 ? static_cast<std::size_t>(got) : 0);
    last_ = got;
    return text;
  }
  std::string until(std::string_view mark) {
    std::string text;
    while (text.find(mark) == std::string::npos) {
      const std::string more = some(1);
      if (more.empty()) break;
      text += more;
    }
    return text;
  }
  std::string exactly(std::size_t size) {
    std::string text;
    while (text.size() < size) {
      const std::string more = some(std::min<std::size_t>(size - text.size(), 64 * 1024));
      if (more.empty()) break;
      text += more;
    }
    return text;
  }
  /// Whether the last read met an end in order (as opposed to a reset or a time-out).
  bool ended() const { return last_ == 0; }
  void finish() { ::shutdown(fd_.get(), SHUT_WR); }
  void reset() {
    const linger at_once{1, 0};
    ::setsockopt(fd_.get(), SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
    fd_.reset();
  }

 private:
  void limit_waits() {
    const timeval longest{20, 0};
    ::setsockopt(fd_.get(), SOL_SOCKET, SO_RCVTIMEO, &longest, sizeof longest);
    ::setsockopt(fd_.get(), SOL_SOCKET, SO_SNDTIMEO, &longest, sizeof longest);
  }

  net::unique_fd fd_;
  bool connected_ = true;
  ssize_t last_ = 1;
};

/// A local service on a thread per connection, which `serve` fills.
class local_service {
 public:
  using handler = std::function<void(plain_connection&)>;

  explicit local_service(handler serve) : serve_(std::move(serve)) {
    fd_.reset(::socket(AF_INET, SOCK_STREAM, 0));
    sockaddr_in at{};
    at.sin_family = AF_INET;
    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof at;
    EXPECT_EQ(::bind(fd_.get(), reinterpret_cast<sockaddr*>(&at), size), 0);
    EXPECT_EQ(::listen(fd_.get(), 64), 0);
    ::getsockname(fd_.get(), reinterpret_cast<sockaddr*>(&at), &size);
    port_ = ntohs(at.sin_port);
    accepting_ = std::thread([this] { accept_all(); });
  }
  ~local_service() {
    ::shutdown(fd_.get(), SHUT_RDWR);
    accepting_.join();
    for (auto& each : serving_) each.join();
  }
  std::uint16_t port() const { return port_; }
  std::size_t connections() const { return connections_; }

 private:
  void accept_all() {
    for (;;) {
      net::unique_fd fd(::accept(fd_.get(), nullptr, nullptr));
      if (!fd) return;
      ++connections_;
      serving_.emplace_back([this, raw = fd.release()] {
        plain_connection with{net::unique_fd(raw)};
        serve_(with);
      });
    }
  }

  const handler serve_;
  net::unique_fd fd_;
  std::uint16_t port_ = 0;
  std::atomic<std::size_t> connections_{0};
  std::thread accepting_;
  std::vector<std::thread> serving_;
};

/// `frps --demo` within this process.
inline config::frps_options server_options(std::uint32_t workers = 2) {
  config::frps_options options;
  options.demo = true;
  options.bind = "127.0.0.1";
  options.control_port = options.proxy_port = options.public_port = options.api_port = 0;
  options.workers = workers;
  options.deadlines.drain = 1s;
  return options;
}

/// `frpc` within this process.
class client {
 public:
  client(const api::listening_ports& server, std::string id, std::uint16_t local_port,
         bool no_link = false)
      : folder_(std::filesystem::temp_directory_path() / ("frpx-" + random_hex(8))),
        names_(blocking_),
        engine_(workers_.home(), names_, blocking_,
                settings(server, std::move(id), local_port, no_link)) {
    workers_.home().tasks().spawn(live(this));
    workers_.start();
  }
  ~client() {
    stop();
    while (!ended_) {
      stop();  // the second time without waiting for what still runs
      std::this_thread::yield();
    }
    workers_.stop();
    std::filesystem::remove_all(folder_);
  }
  bool registered() const { return state_ == frpx::client::state::registered; }
  std::uint64_t posts() { return workers_.home().posts(); }

 private:
  static boost::asio::awaitable<void> live(client* self) {
    co_await self->engine_.run();
    self->ended_ = true;
  }
  void stop() {
    workers_.home().post([this] { engine_.stop(); });
  }
  frpx::client::engine_settings settings(const api::listening_ports& server, std::string id,
                                         std::uint16_t local_port, bool no_link) {
    std::filesystem::create_directories(folder_);
    config::frpc_options options;
    options.client_id = std::move(id);
    options.control_port = server.control;
    options.proxy_port = server.proxy;
    options.local_port = local_port;
    options.models_interval = 1h;  // what reaches the service is what a test is about
    options.no_link = no_link;
    options.email = "test@example.com";
    options.password = secret("123456");
    options.token_file = folder_ / "token.json";
    options.deadlines.drain = 1s;
    return {.options = std::move(options),
            .on_state = [this](frpx::client::state now) { state_ = now; }};
  }

  const std::filesystem::path folder_;
  net::worker_pool workers_{1};
  net::blocking_pool blocking_{2, 64};
  net::resolver names_;
  std::atomic<frpx::client::state> state_{frpx::client::state::waiting};
  std::atomic<bool> ended_{false};
  frpx::client::engine engine_;
};

/// A request as the demo's visitors make it.
inline std::string get(std::string_view path, std::string_view more = {}) {
  return "GET " + std::string(path) + " HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer abc123\r\n" +
         std::string(more) + "\r\n";
}

}  // namespace frpx::integration
