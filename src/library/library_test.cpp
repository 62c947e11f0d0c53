// The library as its users see it: public headers, real sockets, several of everything.
#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <fstream>
#include <functional>
#include <mutex>
#include <set>
#include <string>
#include <thread>

#include <frpx/frpx.hpp>

#include "tests/support/open_descriptors.hpp"

namespace {

using namespace std::chrono_literals;

bool eventually(const std::function<bool()>& holds) {
  const auto until = std::chrono::steady_clock::now() + 20s;
  while (!holds()) {
    if (std::chrono::steady_clock::now() > until) return false;
    std::this_thread::yield();
  }
  return true;
}

#ifdef FRPX_SANITIZED
constexpr bool is_sanitized = true;
#else
constexpr bool is_sanitized = false;
#endif

std::size_t resident_bytes() {
  std::ifstream table("/proc/self/statm");
  std::size_t all = 0;
  std::size_t resident = 0;
  table >> all >> resident;
  return resident * static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
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

void echo(plain_socket& visitor) {
  for (std::string byte; !(byte = visitor.hear(1)).empty();) visitor.say(byte);
}

std::vector<std::uint16_t> free_ports(std::size_t count) {
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
  explicit stopped_in_time(frpx::tunnel_server& what) : what_(what) {}
  stopped_in_time(const stopped_in_time&) = delete;
  ~stopped_in_time() { what_.stop(); }

 private:
  frpx::tunnel_server& what_;
};

class library : public testing::Test {
 protected:
  library() {
    for (const std::uint16_t each : ports) EXPECT_TRUE(server.add_ports(each, each));
  }
  void start() { ASSERT_TRUE(server.start("127.0.0.1:0")); }
  std::string address() const { return "127.0.0.1:" + std::to_string(server.port()); }
  frpx::register_info info(std::size_t which = 0, const std::string& name = "echo") const {
    return {ports[which], echoes.address(), name, "a test"};
  }

  const std::vector<std::uint16_t> ports = free_ports(8);
  service echoes{echo};
  frpx::tunnel_server server;
};

std::string say_and_hear(std::uint16_t port, const std::string& text) {
  const auto visitor = plain_socket::connected(port);
  visitor.say(text);
  return visitor.hear(text.size());
}

TEST_F(library, a_tunnel_from_register_to_cancel) {
  start();
  frpx::tunnel_client client(address());
  ASSERT_EQ(*client.available_ports(), ports);
  auto entry = client.register_service(info(), {.max_serve_conn = 7});
  ASSERT_TRUE(entry) << entry.error().message();
  EXPECT_EQ(entry->info().outer_port, ports[0]);
  EXPECT_EQ(entry->control().max_serve_conn, 7u);
  EXPECT_EQ(say_and_hear(ports[0], "hello"), "hello");

  const auto found = client.active_services("ec");
  ASSERT_TRUE(found);
  ASSERT_EQ(found->size(), 1u);
  EXPECT_EQ((*found)[0].port, ports[0]);
  EXPECT_EQ((*found)[0].capacity, 7u);
  EXPECT_EQ((*found)[0].already_serve, 1u);
  EXPECT_TRUE(frpx::discover_services(address(), "none")->empty());
  EXPECT_EQ(frpx::ask_free_ports(address())->size(), ports.size() - 1);

  EXPECT_TRUE(client.entry_by_name("echo"));
  EXPECT_TRUE(client.entry_by_port(ports[0]));
  EXPECT_FALSE(client.entry_by_port(ports[1]));
  EXPECT_EQ(client.register_service(info()).error().code(), frpx::errc::already_registered);
  EXPECT_FALSE(entry->wait(0ms));
  entry->cancel();
  entry->cancel();
  EXPECT_EQ(entry->done().get().code(), frpx::errc::cancelled);
  EXPECT_TRUE(entry->wait(0ms));
  EXPECT_FALSE(client.entry_by_name("echo"));
  EXPECT_TRUE(eventually([&] { return client.available_ports()->size() == ports.size(); }));
  EXPECT_TRUE(client.register_service(info()));
}

TEST_F(library, both_directions_have_their_own_end_and_services_may_speak_first) {
  start();
  std::promise<void> go;
  service answers([may_answer = go.get_future().share()](plain_socket& visitor) {
    visitor.say("220");
    std::string asked;
    for (std::string byte; !(byte = visitor.hear(1)).empty();) asked += byte;
    may_answer.wait();
    visitor.say("got " + asked);
  });
  frpx::tunnel_client client(address());
  ASSERT_TRUE(client.register_service({ports[0], answers.address(), "first", ""}));
  const auto visitor = plain_socket::connected(ports[0]);
  EXPECT_EQ(visitor.hear(3), "220");
  visitor.say("this");
  visitor.finish();
  EXPECT_TRUE(visitor.is_silent_for(1500ms)) << "longer than a half-close could be held back";
  go.set_value();
  EXPECT_EQ(visitor.hear(100), "got this");
}

TEST_F(library, hooks_hear_of_everything_and_may_rewrite) {
  std::mutex guard;
  std::vector<std::string> heard;
  const auto note = [&](const std::string& what) {
    const std::lock_guard held(guard);
    heard.push_back(what);
  };
  const auto count = [&](const std::string& what) {
    const std::lock_guard held(guard);
    return std::count(heard.begin(), heard.end(), what);
  };
  server.on_tunnel_created([&](frpx::hook_context& about) {
    EXPECT_EQ(about.abort_user().error().code(), frpx::errc::nothing_to_abort);
    EXPECT_TRUE(about.user_remote_address().empty());
    EXPECT_TRUE(about.inner_remote_address().starts_with("127.0.0.1:"));
    EXPECT_EQ(about.inner_local_address(), address());
    about.put_value("visitors", std::make_shared<std::atomic<int>>(0));
    note("created " + about.service_info().name);
  });
  server.on_user_coming([&](frpx::hook_context& about) {
    ++*std::any_cast<std::shared_ptr<std::atomic<int>>>(about.get_value("visitors"));
    EXPECT_FALSE(about.get_value("nothing").has_value());
    EXPECT_TRUE(about.user_remote_address().starts_with("127.0.0.1:"));
    EXPECT_EQ(about.user_local_address(), "127.0.0.1:" + std::to_string(ports[0]));
    note("coming");
  });
  server.on_forward_user_to_tunnel([&](frpx::hook_context& about) {
    EXPECT_EQ(about.inner_local_address(), address());
    EXPECT_TRUE(about.inner_remote_address().starts_with("127.0.0.1:"));
    if (about.data().empty()) note("user ended");
    for (std::byte& each : about.data()) each = static_cast<std::byte>(std::toupper(int(each)));
  });
  server.on_forward_tunnel_to_user([&](frpx::hook_context& about) {
    for (std::byte& each : about.data()) {
      if (each == std::byte('L')) each = std::byte('1');
    }
  });
  server.on_user_leaving([&](frpx::hook_context& about) {
    EXPECT_FALSE(about.abort_user());
    note("leaving");
  });
  server.on_tunnel_destroyed([&](frpx::hook_context& about) {
    EXPECT_EQ(about.abort_tunnel().error().code(), frpx::errc::nothing_to_abort);
    note("destroyed after " + std::to_string(*std::any_cast<std::shared_ptr<std::atomic<int>>>(
                                  about.get_value("visitors"))));
  });
  const stopped_in_time at_end(server);
  start();
  frpx::tunnel_client client(address());
  auto entry = client.register_service(info());
  ASSERT_TRUE(entry);
  {
    const auto visitor = plain_socket::connected(ports[0]);
    visitor.say("hello");
    EXPECT_EQ(visitor.hear(5), "HE11O");
    visitor.finish();
    EXPECT_EQ(visitor.hear(1), "");
  }
  EXPECT_EQ(say_and_hear(ports[0], "x"), "X");
  EXPECT_TRUE(eventually([&] { return count("leaving") == 2; }));
  EXPECT_EQ(count("user ended"), 2);
  entry->cancel();
  EXPECT_TRUE(eventually([&] { return count("destroyed after 2") == 1; }));
  EXPECT_EQ(heard.front(), "created echo");
}

TEST_F(library, hooks_may_abort) {
  std::atomic<int> came{0};
  std::atomic<bool> end_all{false};
  server.on_user_coming([&](frpx::hook_context& about) {
    if (end_all) {
      EXPECT_TRUE(about.abort_tunnel());
    } else if (++came == 1) {
      EXPECT_TRUE(about.abort_user());
      EXPECT_EQ(about.abort_user().error().code(), frpx::errc::nothing_to_abort);
    }
  });
  const stopped_in_time at_end(server);
  start();
  frpx::tunnel_client client(address());
  auto entry = client.register_service(info());
  ASSERT_TRUE(entry);
  EXPECT_TRUE(plain_socket::connected(ports[0]).is_reset());
  EXPECT_EQ(say_and_hear(ports[0], "next"), "next");
  end_all = true;
  EXPECT_TRUE(plain_socket::connected(ports[0]).is_reset());
  EXPECT_EQ(entry->done().get().code(), frpx::errc::tunnel_ended);
}

TEST_F(library, a_hook_that_throws_ends_what_it_was_about_and_nothing_else) {
  std::atomic<int> came{0};
  server.on_tunnel_created([](frpx::hook_context& about) {
    if (about.service_info().name == "bad") throw std::runtime_error("not this one");
  });
  server.on_user_coming([&](frpx::hook_context&) {
    if (++came == 1) throw 1;
  });
  server.on_forward_user_to_tunnel([](frpx::hook_context& about) {
    if (!about.data().empty() && about.data()[0] == std::byte('!')) throw std::bad_alloc();
  });
  const stopped_in_time at_end(server);
  start();
  frpx::tunnel_client client(address());
  EXPECT_FALSE(client.register_service(info(1, "bad")));
  ASSERT_TRUE(client.register_service(info()));
  EXPECT_TRUE(plain_socket::connected(ports[0]).is_reset());
  const auto lively = plain_socket::connected(ports[0]);
  lively.say("a");
  EXPECT_EQ(lively.hear(1), "a");
  const auto bad = plain_socket::connected(ports[0]);
  bad.say("!");
  EXPECT_TRUE(bad.is_reset());
  lively.say("b");
  EXPECT_EQ(lively.hear(1), "b");
}

TEST_F(library, limits_are_exact) {
  start();
  frpx::tunnel_client client(address());
  ASSERT_TRUE(client.register_service(info(), {.max_serve_conn = 5}));
  std::atomic<int> served{0};
  std::mutex guard;
  std::vector<plain_socket> stay;
  std::vector<std::thread> visitors;
  for (int i = 0; i < 60; ++i) {
    visitors.emplace_back([&] {
      auto visitor = plain_socket::connected(ports[0]);
      visitor.say("x");
      if (visitor.hear(1) == "x") ++served;
      const std::lock_guard held(guard);
      stay.push_back(std::move(visitor));
    });
  }
  for (std::thread& each : visitors) each.join();
  EXPECT_EQ(served, 5);

  auto counted = client.register_service(info(1, "counted"), {.max_serve_count = 2});
  ASSERT_TRUE(counted);
  EXPECT_EQ(say_and_hear(ports[1], "1"), "1");
  EXPECT_EQ(say_and_hear(ports[1], "2"), "2");
  EXPECT_EQ(counted->done().get().code(), frpx::errc::tunnel_ended);

  auto timed = client.register_service(info(2, "timed"), {.max_serve_time = 1});
  ASSERT_TRUE(timed);
  EXPECT_FALSE(timed->wait(100ms));
  EXPECT_TRUE(timed->wait(10s));
}

TEST_F(library, a_tunnel_comes_back_when_asked_to) {
  start();
  const std::string where = address();
  frpx::tunnel_client stays(where, {.reconnect = true});
  frpx::tunnel_client leaves(where);
  auto entry = stays.register_service(info());
  auto other = leaves.register_service(info(1, "other"));
  ASSERT_TRUE(entry && other);
  server.stop();
  EXPECT_EQ(server.port(), 0);
  EXPECT_EQ(other->done().get().code(), frpx::errc::tunnel_ended);
  EXPECT_FALSE(leaves.entry_by_name("other"));
  EXPECT_TRUE(stays.entry_by_name("echo"));
  ASSERT_TRUE(server.start(where));
  EXPECT_TRUE(eventually([&] { return stays.active_services()->size() == 1; }));
  EXPECT_EQ(say_and_hear(ports[0], "again"), "again");
  entry->cancel();
  EXPECT_TRUE(entry->wait(10s));
}

TEST_F(library, an_entry_outlives_its_client) {
  start();
  auto client = std::make_unique<frpx::tunnel_client>(address());
  auto entry = client->register_service(info());
  ASSERT_TRUE(entry);
  client.reset();
  EXPECT_EQ(entry->done().get().code(), frpx::errc::cancelled);
  entry->cancel();
}

TEST_F(library, errors_say_what_is_wrong) {
  using frpx::errc;
  frpx::tunnel_client nobody("127.0.0.1:" + std::to_string(ports[0]));
  EXPECT_EQ(nobody.available_ports().error().code(), errc::unreachable);
  EXPECT_FALSE(nobody.available_ports().error().message().empty());
  EXPECT_EQ(frpx::tunnel_client("no address").any_port().error().code(), errc::bad_argument);

  const auto silent = plain_socket::listening();
  frpx::tunnel_client deaf("127.0.0.1:" + std::to_string(silent.port()));
  EXPECT_EQ(deaf.available_ports(50ms).error().code(), errc::timed_out);
  EXPECT_EQ(deaf.register_service(info(), {}, 50ms).error().code(), errc::timed_out);
  EXPECT_TRUE(eventually([&] { return !deaf.entry_by_name("echo"); }));

  service babbles([](plain_socket& visitor) { visitor.say("HTTP/1.1 400 Bad Request\r\n\r\n"); });
  frpx::tunnel_client wrong(babbles.address());
  EXPECT_EQ(wrong.available_ports().error().code(), errc::unexpected_answer);

  EXPECT_EQ(server.start("nowhere").error().code(), errc::bad_argument);
  EXPECT_EQ(server.start("127.0.0.1:" + std::to_string(silent.port())).error().code(),
            errc::cannot_listen);
  start();
  EXPECT_EQ(server.start("127.0.0.1:0").error().code(), errc::already_running);
  EXPECT_FALSE(server.add_ports(0, 5));
  EXPECT_FALSE(server.add_ports(6, 5));

  frpx::tunnel_client client(address());
  EXPECT_EQ(client.register_service({0, ":1", "n", ""}).error().code(), errc::port_not_allowed);
  EXPECT_EQ(client.register_service({1, ":1", "n", ""}).error().code(), errc::port_not_allowed);
  EXPECT_EQ(client.register_service({ports[0], "x", "n", ""}).error().code(), errc::bad_argument);
  EXPECT_EQ(client.register_service({ports[0], ":1", std::string(257, 'n'), ""}).error().code(),
            errc::bad_argument);
  EXPECT_TRUE(client.register_service({ports[0], ":1", std::string(256, 'n'), ""}));
  EXPECT_EQ(frpx::tunnel_client(address()).register_service(info()).error().code(),
            errc::port_occupied);
}

TEST_F(library, a_token_guards_registrations) {
  frpx::tunnel_server guarded({{ports[0], ports[0]}}, {.token = "open sesame"});
  ASSERT_TRUE(guarded.start("127.0.0.1:0"));
  const std::string where = "127.0.0.1:" + std::to_string(guarded.port());
  EXPECT_EQ(frpx::tunnel_client(where).register_service(info()).error().code(),
            frpx::errc::port_not_allowed);
  frpx::tunnel_client knows(where, {.token = "open sesame"});
  EXPECT_TRUE(knows.register_service(info()));
}

TEST_F(library, no_free_port_is_an_error_until_some_are_added) {
  start();
  frpx::tunnel_client client(address());
  std::vector<frpx::register_entry> all;
  for (std::size_t i = 0; i < ports.size(); ++i) {
    auto port = client.any_port();
    ASSERT_TRUE(port);
    auto made = client.register_service({*port, echoes.address(), "any", ""});
    ASSERT_TRUE(made);
    all.push_back(*made);
  }
  EXPECT_EQ(client.any_port().error().code(), frpx::errc::no_port);
  const auto more = free_ports(1).front();
  EXPECT_TRUE(server.add_ports(more, more));
  EXPECT_TRUE(eventually([&] { return client.any_port().has_value(); }));
}

TEST_F(library, logs_go_where_they_are_told) {
  std::mutex guard;
  std::string first;
  std::string second;
  const stopped_in_time at_end(server);
  frpx::tunnel_server other({{ports[1], ports[1]}});
  frpx::tunnel_server silent({{ports[2], ports[2]}});
  server.set_logger([&](frpx::log_level, std::string_view line) {
    const std::lock_guard held(guard);
    first += std::string(line) + "\n";
  });
  other.set_logger([&](frpx::log_level, std::string_view line) {
    const std::lock_guard held(guard);
    second += std::string(line) + "\n";
  });
  testing::internal::CaptureStdout();
  testing::internal::CaptureStderr();
  start();
  ASSERT_TRUE(other.start("127.0.0.1:0"));
  ASSERT_TRUE(silent.start("127.0.0.1:0"));
  frpx::tunnel_client client(address());
  ASSERT_TRUE(client.register_service(info()));
  frpx::tunnel_client to_other("127.0.0.1:" + std::to_string(other.port()));
  ASSERT_TRUE(to_other.register_service(info(1)));
  const auto has = [&](const std::string& text, std::uint16_t port) {
    const std::lock_guard held(guard);
    return text.find("Port " + std::to_string(port)) != text.npos;
  };
  EXPECT_TRUE(eventually([&] { return has(first, ports[0]) && has(second, ports[1]); }));
  EXPECT_FALSE(has(first, ports[1]));
  EXPECT_FALSE(has(second, ports[0]));
  silent.stop();
  EXPECT_EQ(testing::internal::GetCapturedStdout() + testing::internal::GetCapturedStderr(), "");
}

TEST_F(library, run_returns_when_stopped) {
  std::thread runs([&] { EXPECT_TRUE(server.run("127.0.0.1:0")); });
  EXPECT_TRUE(eventually([&] { return server.port() != 0; }));
  server.stop();
  runs.join();
  server.stop();
}

TEST_F(library, ten_thousand_rounds_leak_nothing) {
  start();
  frpx::tunnel_client client(address());
  const auto go = [&](int rounds) {
    for (int done = 0; done < rounds;) {
      auto entry = client.register_service(info());
      // The server hears of the last one's end a moment later.
      if (!entry && entry.error().code() == frpx::errc::port_occupied) continue;
      ASSERT_TRUE(entry) << entry.error().message();
      entry->cancel();
      ASSERT_TRUE(entry->wait(20s));
      ++done;
    }
  };
  const auto all_free = [&] { return client.available_ports()->size() == ports.size(); };
  go(500);
  ASSERT_TRUE(eventually(all_free));
  const std::size_t descriptors = frpx::test::open_descriptors();
  const std::size_t memory = resident_bytes();
  go(is_sanitized ? 1'000 : 10'000);
  ASSERT_TRUE(eventually(all_free));
  EXPECT_TRUE(eventually([&] { return frpx::test::open_descriptors() <= descriptors; }));
  if (!is_sanitized) EXPECT_LT(resident_bytes(), memory + (4u << 20));
  EXPECT_FALSE(client.entry_by_name("echo"));
}

// What the documentation says of threads, under ThreadSanitizer too.
TEST_F(library, everything_at_once_from_many_threads) {
  server.on_user_coming([](frpx::hook_context& about) {
    about.put_value("last", about.user_remote_address());
    (void)about.get_value("last");
  });
  start();
  frpx::tunnel_client shared(address());
  std::atomic<int> opened{0};
  std::vector<std::thread> threads;
  for (std::size_t which = 0; which < 6; ++which) {
    threads.emplace_back([&, which] {
      for (int round = 0; round < 10; ++round) {
        auto entry = shared.register_service(info(which, "n" + std::to_string(which)));
        if (!entry) continue;  // the server hears of the last one's end a moment later
        ++opened;
        say_and_hear(ports[which], "x");
        (void)shared.entry_by_port(ports[which]);
        (void)shared.active_services();
        auto copy = *entry;
        copy.cancel();
        EXPECT_TRUE(entry->wait(20s));
      }
    });
  }
  threads.emplace_back([&] {
    for (int round = 0; round < 50; ++round) {
      (void)server.port();
      server.add_ports(ports[6], ports[6]);
      shared.set_logger([](frpx::log_level, std::string_view) {});
      (void)frpx::ask_free_ports(address());
    }
  });
  for (std::thread& each : threads) each.join();
  EXPECT_GT(opened, 6);
  std::thread stops([&] { server.stop(); });
  server.stop();
  stops.join();
}

}  // namespace
