// A worker that a test drives itself, and TCP connections to talk through.
#pragma once

#include <fcntl.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <csignal>
#include <exception>
#include <memory>
#include <optional>
#include <stdexcept>

#include "net/socket.hpp"
#include "net/worker.hpp"

namespace frpx::test {

/// A worker without a thread: the test is its thread, so it sees each step and needs no lock.
class event_loop {
 public:
  event_loop() : worker_(0) {
    sigset_t blocked;
    sigemptyset(&blocked);
    sigaddset(&blocked, SIGPIPE);
    pthread_sigmask(SIG_BLOCK, &blocked, nullptr);
  }

  net::worker& worker() { return worker_; }
  net::worker* operator->() { return &worker_; }

  /// Runs all that is ready, without waiting.
  void settle() {
    while (worker_.loop().turn(steady_time())) {
    }
  }
  /// Runs until `done()`, at most `patience`; whether it came to be.
  template <class Done>
  bool run_until(Done done, steady_clock::duration patience = std::chrono::seconds(30)) {
    const steady_time late = steady_clock::now() + patience;
    while (!done()) {
      if (steady_clock::now() >= late) return false;
      worker_.loop().turn(steady_clock::now() + std::chrono::milliseconds(1));
    }
    return true;
  }
  /// Runs a coroutine to its end and gives its result.
  template <class T>
  T await(boost::asio::awaitable<T> coroutine) {
    std::exception_ptr failed;
    std::optional<T> answer;
    bool done = false;
    worker_.loop().spawn(std::move(coroutine), [&](std::exception_ptr failure, T value) {
      failed = failure;
      answer.emplace(std::move(value));
      done = true;
    });
    if (!run_until([&] { return done; })) throw std::runtime_error("the coroutine did not end");
    if (failed) std::rethrow_exception(failed);
    return std::move(*answer);
  }

 private:
  net::worker worker_;
};

/// A TCP connection over loopback: our end, not yet a stream, and the peer's, non-blocking both.
struct tcp_pair {
  net::unique_fd ours;
  net::unique_fd theirs;

  tcp_pair() {
    net::unique_fd listening(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    auto* const generic = reinterpret_cast<sockaddr*>(&address);
    EXPECT_EQ(::bind(listening.get(), generic, size), 0);
    EXPECT_EQ(::listen(listening.get(), 1), 0);
    EXPECT_EQ(::getsockname(listening.get(), generic, &size), 0);
    theirs.reset(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    EXPECT_EQ(::connect(theirs.get(), generic, size), 0);
    ours.reset(::accept4(listening.get(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
    EXPECT_EQ(::fcntl(theirs.get(), F_SETFL, O_NONBLOCK), 0);
    net::tune_stream(ours.get());
    net::tune_stream(theirs.get());
  }

  std::unique_ptr<net::socket> take_ours(event_loop& loop) {
    return std::make_unique<net::socket>(loop->events(), std::move(ours));
  }
  /// Closes the peer's end so that ours sees a reset.
  void reset_theirs() {
    const linger at_once{1, 0};
    ::setsockopt(theirs.get(), SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
    theirs.reset();
  }
};

}  // namespace frpx::test
