// The other side of a client under test, played step by step from the test's own thread.
#pragma once

#include <fcntl.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>

#include <cerrno>
#include <optional>
#include <string>
#include <utility>

#include "event_loop.hpp"
#include "net/fd.hpp"
#include "wire/frame.hpp"
#include "wire/frpx_command.hpp"

namespace frpx::test {

/// Runs the loop until `done()`. The peers' sockets are not the loop's, so it looks often.
template <class Done>
bool run_until(event_loop& loop, Done done,
               steady_clock::duration patience = std::chrono::seconds(20)) {
  const steady_time late = steady_clock::now() + patience;
  while (!done()) {
    if (steady_clock::now() >= late) return false;
    loop->loop().turn(steady_clock::now() + std::chrono::milliseconds(1));
  }
  return true;
}

/// One connection that the code under test has made.
class scripted_peer {
 public:
  enum class end { none, clean, reset };

  scripted_peer(event_loop& loop, net::unique_fd fd) : loop_(&loop), fd_(std::move(fd)) {}

  /// The next frame that the client sends, which must be a `Command`.
  template <class Command>
  Command expect() {
    std::optional<wire::command> got = next();
    if (!got) {
      ADD_FAILURE() << "no command came";
      return {};
    }
    Command* wanted = std::get_if<Command>(&*got);
    if (wanted == nullptr) {
      ADD_FAILURE() << "the client sent " << wire::name_of(*got);
      return {};
    }
    return std::move(*wanted);
  }
  /// The next frame of any kind; nothing if the connection ends first.
  std::optional<wire::command> next() {
    std::optional<wire::command> got;
    run_until(*loop_, [&] {
      got = try_next();
      return got || end_ != end::none;
    });
    return got;
  }
  /// The next frame, if all of it is here.
  std::optional<wire::command> try_next() {
    reader_.set_limit(wire::frame_limit);
    for (;;) {
      auto frame = reader_.next();
      if (!frame) {
        ADD_FAILURE() << frame.error().message();
        return std::nullopt;
      }
      if (*frame) {
        auto command = wire::parse_command(**frame);
        if (command) return std::move(*command);
        ADD_FAILURE() << command.error().message();
        return std::nullopt;
      }
      const bytes_span into = reader_.prepare();
      const ssize_t count = receive(into);
      if (count <= 0) return std::nullopt;
      reader_.commit(static_cast<std::size_t>(count));
    }
  }

  void send(const wire::command& command) { send_bytes(wire::encode(command)); }
  void send_bytes(std::string_view bytes) {
    const bool sent = run_until(*loop_, [&] {
      const ssize_t count = ::send(fd_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (count < 0) return errno != EAGAIN;
      bytes.remove_prefix(static_cast<std::size_t>(count));
      return bytes.empty();
    });
    EXPECT_TRUE(sent && bytes.empty()) << "the client does not read";
  }
  /// Exactly `size` bytes, fewer only if the connection ends.
  std::string read(std::size_t size) {
    std::string got = take_rest(size);
    run_until(*loop_, [&] {
      while (got.size() < size && read_more(got, size)) {
      }
      return got.size() == size || end_ != end::none;
    });
    return got;
  }
  /// What is here, up to `most` bytes, without waiting.
  std::string read_some(std::size_t most = 64 * 1024) {
    std::string got = take_rest(most);
    while (got.size() < most && read_more(got, most)) {
    }
    return got;
  }
  /// How the connection ends; the bytes before are dropped.
  end await_end() {
    EXPECT_TRUE(run_until(*loop_, [&] {
      read_some();
      return end_ != end::none;
    })) << "the connection does not end";
    return end_;
  }
  end ended() const { return end_; }

  void finish() { ::shutdown(fd_.get(), SHUT_WR); }
  void close() { fd_.reset(); }
  void reset() {
    const linger at_once{1, 0};
    ::setsockopt(fd_.get(), SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
    fd_.reset();
  }
  int descriptor() const { return fd_.get(); }

 private:
  ssize_t receive(bytes_span into) {
    const ssize_t count = ::recv(fd_.get(), into.data(), into.size(), 0);
    if (count == 0) end_ = end::clean;
    if (count < 0 && errno != EAGAIN) end_ = end::reset;
    return count;
  }
  bool read_more(std::string& into, std::size_t size) {
    std::byte block[64 * 1024];
    const ssize_t count =
        receive(bytes_span(block).first(std::min(size - into.size(), sizeof block)));
    if (count > 0) into.append(as_text(bytes_view(block, static_cast<std::size_t>(count))));
    return count > 0;
  }
  // What was read behind the last frame.
  std::string take_rest(std::size_t most) {
    std::string rest(as_text(reader_.rest()));
    EXPECT_LE(rest.size(), most);
    reader_ = wire::frame_reader();
    return rest;
  }

  event_loop* loop_;
  net::unique_fd fd_;
  wire::frame_reader reader_;
  end end_ = end::none;
};

/// A port that the code under test connects to.
class scripted_port {
 public:
  /// `backlog` 0 with nothing accepted: once `fill` was called a further connect gets no answer.
  explicit scripted_port(event_loop& loop, std::uint16_t port = 0, int backlog = 128)
      : loop_(loop) {
    open(port, backlog);
  }

  std::uint16_t port() const { return port_; }
  net::endpoint address() const { return {boost::asio::ip::address_v4::loopback(), port_}; }

  /// The next connection.
  scripted_peer accept() {
    std::optional<scripted_peer> peer;
    const bool came = run_until(loop_, [&] {
      peer = try_accept();
      return peer.has_value();
    });
    if (!came) ADD_FAILURE() << "nobody connects";
    return came ? std::move(*peer) : scripted_peer(loop_, {});
  }
  std::optional<scripted_peer> try_accept() {
    net::unique_fd fd(::accept4(fd_.get(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
    if (!fd) return std::nullopt;
    net::tune_stream(fd.get());
    return scripted_peer(loop_, std::move(fd));
  }
  void close() { fd_.reset(); }
  void reopen() { open(port_, 128); }
  /// Fills the queue of a port with backlog 0: the kernel answers no further connect.
  void fill() {
    for (net::unique_fd& each : fillers_) {
      each.reset(::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
      const net::endpoint to = address();
      ::connect(each.get(), to.data(), static_cast<socklen_t>(to.size()));
    }
    pollfd waiting{fillers_[0].get(), POLLOUT, 0};
    EXPECT_EQ(::poll(&waiting, 1, 5000), 1);
  }

 private:
  void open(std::uint16_t port, int backlog) {
    fd_.reset(::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
    const int on = 1;
    ::setsockopt(fd_.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    net::endpoint address(boost::asio::ip::address_v4::loopback(), port);
    ASSERT_EQ(::bind(fd_.get(), address.data(), static_cast<socklen_t>(address.size())), 0);
    ASSERT_EQ(::listen(fd_.get(), backlog), 0);
    auto size = static_cast<socklen_t>(address.capacity());
    ASSERT_EQ(::getsockname(fd_.get(), address.data(), &size), 0);
    port_ = address.port();
  }

  event_loop& loop_;
  net::unique_fd fd_;
  net::unique_fd fillers_[2];
  std::uint16_t port_ = 0;
};

}  // namespace frpx::test
