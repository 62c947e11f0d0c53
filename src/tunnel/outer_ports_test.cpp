#include "tunnel/outer_ports.hpp"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <sys/socket.h>

#include <thread>

#include "tests/support/event_loop.hpp"
#include "tests/support/memory_stream.hpp"
#include "tunnel/tcp_port.hpp"

namespace frpx::tunnel {
namespace {

using namespace std::chrono_literals;

/// A client whose streams are in the hands of the test.
class scripted_session final : public session {
 public:
  using session::session;
  boost::asio::awaitable<result<std::unique_ptr<net::stream>>> open(net::worker&,
                                                                    stream_wish wish) override {
    asked.emplace_back(wish.service);
    if (refuses) co_return make_error_code(errc::late);
    peers.push_back(std::make_unique<test::memory_peer>());
    peers.back()->make_room(1 << 20);
    co_return std::make_unique<test::memory_stream>(*peers.back());
  }
  void end(const std::string&) override {}
  void tunnel_ended(const service& which, error_code why) override {
    ended.emplace_back(which.name, why);
  }

  bool refuses = false;
  std::vector<std::string> asked;
  std::vector<std::unique_ptr<test::memory_peer>> peers;
  std::vector<std::pair<std::string, error_code>> ended;
};

struct witness final : hooks {
  bool sees_bytes() const override { return shows; }
  void on_tunnel_created(tunnel& about) override {
    said += "created " + about.what().name + "\n";
    if (throws == "created") throw std::runtime_error("a fault");
  }
  void on_tunnel_destroyed(tunnel& about) override {
    said += "destroyed " + about.what().name + "\n";
  }
  void on_visitor_coming(visitor&) override {
    said += "coming\n";
    if (throws == "coming") throw std::runtime_error("a fault");
  }
  void on_visitor_leaving(visitor&) override { said += "leaving\n"; }
  void on_bytes(visitor& who, direction way, bytes_span bytes) override {
    if (bytes.empty()) {
      said += way == direction::to_service ? "end to service\n" : "end to visitor\n";
    }
    for (std::byte& each : bytes) {
      if (way == direction::to_service) each = static_cast<std::byte>(std::toupper(int(each)));
    }
    if (as_text(bytes).find("ABORT") != std::string_view::npos) who.abort();
    if (throws == "bytes") throw std::runtime_error("a fault");
  }

  bool shows = false;
  std::string throws;
  std::string said;
};

class outer_ports_test : public testing::Test {
 protected:
  outer_ports_test() {
    for (const std::uint16_t port : {free_port(), free_port()}) {
      ports_.allow({port, port});
    }
    const auto all = ports_.allowed().ports();
    one_ = all[0];
    two_ = all[1];
    settle();  // from now on the loop is this thread's: what is for the home worker runs at once
  }
  ~outer_ports_test() override {
    ports_.close_all();
    settle();
    workers_.home().tasks().cancel();
    workers_.home().relays().reset_all();
    settle();
  }

  static std::uint16_t free_port() {
    net::unique_fd fd(::socket(AF_INET, SOCK_STREAM, 0));
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    EXPECT_EQ(::bind(fd.get(), reinterpret_cast<sockaddr*>(&address), size), 0);
    EXPECT_EQ(::getsockname(fd.get(), reinterpret_cast<sockaddr*>(&address), &size), 0);
    return ntohs(address.sin_port);
  }

  std::shared_ptr<scripted_session> make(const std::string& id) {
    return std::make_shared<scripted_session>(
        session_facts{.number = ++number_, .client_id = id, .user_id = "u"});
  }
  service tcp(const std::string& name, std::uint16_t port) const {
    service what;
    what.name = name;
    what.account = "me@example.com";
    what.outer_port = port;
    what.birth = wall_clock::now();
    return what;
  }

  void settle() {
    while (workers_.home().loop().turn(steady_time())) {
    }
  }
  template <class Done>
  bool run_until(Done done) {
    const auto late = steady_clock::now() + 20s;
    while (!done()) {
      if (steady_clock::now() > late) return false;
      workers_.home().loop().turn(steady_clock::now() + 1ms);
    }
    return true;
  }

  static net::unique_fd visit(std::uint16_t port) {
    net::unique_fd fd(::socket(AF_INET, SOCK_STREAM, 0));
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (::connect(fd.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) fd.reset();
    return fd;
  }
  /// What the visitor has got by now; `reset` when its connection was.
  static std::string got(const net::unique_fd& visitor) {
    char buffer[4096];
    const auto count = ::recv(visitor.get(), buffer, sizeof buffer, MSG_DONTWAIT);
    if (count >= 0) return {buffer, static_cast<std::size_t>(count)};
    return errno == ECONNRESET ? "reset" : "";
  }
  static void say(const net::unique_fd& visitor, std::string_view text) {
    EXPECT_EQ(::send(visitor.get(), text.data(), text.size(), 0), std::ssize(text));
  }

  std::uint64_t number_ = 0;
  std::uint16_t one_ = 0;
  std::uint16_t two_ = 0;
  net::worker_pool workers_{1};
  net::admission places_{100};
  witness hears_;
  outer_ports ports_{workers_, places_, {.bind = "127.0.0.1"}, &hears_};
};

TEST_F(outer_ports_test, finds_by_name_and_port_until_it_is_closed) {
  const auto client = make("a");
  const auto opened = ports_.open(tcp("ssh", one_), client);
  ASSERT_TRUE(opened);
  EXPECT_EQ(ports_.find("me@example.com", "ssh"), *opened);
  EXPECT_EQ(ports_.find("", "ssh"), nullptr) << "a name belongs to its account";
  EXPECT_EQ(ports_.find(ports::transport::tcp, one_), *opened);
  EXPECT_EQ(ports_.find(ports::transport::udp, one_), nullptr);
  EXPECT_EQ(ports_.all().size(), 1U);
  ports_.close(**opened, errc::aborted);
  EXPECT_EQ(ports_.size(), 0U);
  ASSERT_EQ(client->ended.size(), 1U);
  EXPECT_EQ(client->ended[0].second, make_error_code(errc::aborted));
  EXPECT_FALSE((*opened)->is_open());
  EXPECT_FALSE((*opened)->enter());
  EXPECT_TRUE(ports_.open(tcp("ssh", one_), client)) << "the port is free at once";
}

TEST_F(outer_ports_test, refuses_ports_that_are_not_its_own) {
  const auto client = make("a");
  EXPECT_EQ(ports_.open(tcp("s", 0), client).error(), errc::port_not_allowed);
  EXPECT_EQ(ports_.open(tcp("s", 1), client).error(), errc::port_not_allowed);
  ASSERT_TRUE(ports_.open(tcp("s", one_), client));
  EXPECT_EQ(ports_.open(tcp("t", one_), client).error(), errc::port_occupied);
  net::listener other(workers_, net::listener::placing::home, [](net::worker&, net::accepted) {});
  ASSERT_FALSE(other.open("127.0.0.1", two_));
  EXPECT_EQ(ports_.open(tcp("t", two_), client).error(), errc::port_occupied);
}

TEST_F(outer_ports_test, a_name_is_shared_by_a_group_alone) {
  const auto a = make("a");
  const auto b = make("b");
  auto grouped = tcp("s", one_);
  grouped.group = "g";
  ASSERT_TRUE(ports_.open(grouped, a));
  EXPECT_EQ(ports_.open(tcp("s", one_), b).error(), errc::name_in_use);
  EXPECT_EQ(ports_.open(grouped, a).error(), errc::name_in_use) << "the same client twice";
  auto elsewhere = grouped;
  elsewhere.outer_port = two_;
  EXPECT_EQ(ports_.open(elsewhere, b).error(), errc::group_differs);
  const auto joined = ports_.open(grouped, b);
  ASSERT_TRUE(joined);
  EXPECT_EQ((*joined)->clients(workers_.home())->size(), 2U);
  EXPECT_TRUE(ports_.leave(*a, "s"));
  EXPECT_FALSE(ports_.leave(*a, "s")) << "it has left";
  EXPECT_EQ(ports_.size(), 1U) << "the other serves on";
  ports_.leave_all(*b);
  EXPECT_EQ(ports_.size(), 0U);
  EXPECT_TRUE(b->ended.empty()) << "it was its own wish";
}

TEST_F(outer_ports_test, a_client_that_is_gone_makes_room_for_its_successor) {
  const auto old = make("a");
  ASSERT_TRUE(ports_.open(tcp("s", one_), old));
  old->alive = false;
  const auto successor = make("a");
  ASSERT_TRUE(ports_.open(tcp("s", one_), successor));
  ports_.leave_all(*old);
  EXPECT_EQ(ports_.size(), 1U) << "the end of the older session changes nothing";
}

TEST_F(outer_ports_test, hooks_hear_of_tunnels_and_visitors_in_order) {
  const auto client = make("a");
  ASSERT_TRUE(ports_.open(tcp("s", one_), client));
  auto who = visit(one_);
  ASSERT_TRUE(run_until([&] { return !client->peers.empty(); }));
  EXPECT_EQ(client->asked, std::vector<std::string>{"s"});
  client->peers[0]->send("hello");
  ASSERT_TRUE(run_until([&] { return got(who) == "hello"; }));
  EXPECT_EQ(client->in_flight, 1U);
  who.reset();
  ASSERT_TRUE(run_until([&] { return client->peers[0]->saw_end(); }));
  client->peers[0]->finish();
  ASSERT_TRUE(run_until([&] { return client->in_flight == 0; }));
  ports_.leave_all(*client);
  settle();
  EXPECT_EQ(hears_.said, "created s\ncoming\nleaving\ndestroyed s\n");
  EXPECT_EQ(places_.inside(), 0U);
}

TEST_F(outer_ports_test, hooks_may_change_bytes_and_end_their_visitor) {
  hears_.shows = true;
  const auto client = make("a");
  ASSERT_TRUE(ports_.open(tcp("s", one_), client));
  auto first = visit(one_);
  auto second = visit(one_);
  ASSERT_TRUE(run_until([&] { return client->peers.size() == 2; }));
  say(first, "ping");
  ASSERT_TRUE(run_until(
      [&] { return client->peers[0]->taken() == "PING" || client->peers[1]->taken() == "PING"; }));
  say(second, "abort");
  ASSERT_TRUE(run_until([&] { return got(second) == "reset"; }));
  EXPECT_EQ(got(first), "") << "the other one stays";
  ::shutdown(first.get(), SHUT_WR);
  ASSERT_TRUE(run_until([&] { return hears_.said.ends_with("end to service\n"); }));
}

TEST_F(outer_ports_test, a_hook_that_throws_ends_what_it_was_about) {
  const auto client = make("a");
  hears_.throws = "created";
  EXPECT_EQ(ports_.open(tcp("s", one_), client).error(), errc::aborted);
  EXPECT_EQ(ports_.size(), 0U);
  for (const std::string when : {"coming", "bytes"}) {
    hears_.throws = when;
    hears_.shows = true;
    const auto opened = ports_.open(tcp("s", one_), client);
    ASSERT_TRUE(opened);
    auto who = visit(one_);
    say(who, "x");
    ASSERT_TRUE(run_until([&] { return got(who) == "reset"; })) << when;
    EXPECT_TRUE((*opened)->is_open()) << "its tunnel goes on";
    ports_.leave_all(*client);
    settle();
  }
}

TEST_F(outer_ports_test, a_visitor_of_an_aborted_tunnel_is_reset) {
  const auto client = make("a");
  const auto opened = ports_.open(tcp("s", one_), client);
  ASSERT_TRUE(opened);
  auto who = visit(one_);
  ASSERT_TRUE(run_until([&] { return !client->peers.empty(); }));
  (*opened)->abort();
  ASSERT_TRUE(run_until([&] { return got(who) == "reset"; }));
  EXPECT_TRUE(client->peers[0]->saw_reset());
  EXPECT_EQ(ports_.size(), 0U);
}

TEST_F(outer_ports_test, the_next_client_of_a_group_is_asked) {
  const auto a = make("a");
  const auto b = make("b");
  auto grouped = tcp("s", one_);
  grouped.group = "g";
  ASSERT_TRUE(ports_.open(grouped, a));
  ASSERT_TRUE(ports_.open(grouped, b));
  a->refuses = true;
  std::vector<net::unique_fd> visitors;
  for (int i = 0; i < 20; ++i) visitors.push_back(visit(one_));
  ASSERT_TRUE(run_until([&] { return b->peers.size() == 20; }));
  EXPECT_FALSE(a->asked.empty());
  EXPECT_EQ(a->in_flight, 0U);
}

TEST_F(outer_ports_test, many_at_once_never_exceed_a_limit) {
  auto limited = tcp("s", one_);
  limited.limits = {.max_serve_conn = 50, .max_serve_count = 1'000};
  const auto client = make("a");
  const auto opened = ports_.open(limited, client);
  ASSERT_TRUE(opened);
  tunnel& shared = **opened;
  std::atomic<int> inside{0};
  std::atomic<int> most{0};
  std::atomic<int> served{0};
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] {
      for (int round = 0; round < 20'000; ++round) {
        if (!shared.enter()) continue;
        const int now = ++inside;
        for (int seen = most; now > seen && !most.compare_exchange_weak(seen, now);) {
        }
        ++served;
        --inside;
        shared.leave();
      }
    });
  }
  for (auto& each : threads) each.join();
  EXPECT_LE(most, 50);
  EXPECT_EQ(served, 1'000);
  EXPECT_EQ(shared.look().already_serve, 1'000U);
  settle();
  EXPECT_EQ(client->ended.at(0).second, make_error_code(errc::served_out));
}

TEST_F(outer_ports_test, the_last_place_is_given_once) {
  auto limited = tcp("s", one_);
  limited.limits = {.max_serve_conn = 2};
  const auto opened = ports_.open(limited, make("a"));
  ASSERT_TRUE(opened);
  EXPECT_TRUE((*opened)->enter());
  EXPECT_TRUE((*opened)->enter());
  EXPECT_FALSE((*opened)->enter());
  EXPECT_EQ((*opened)->look().online, 2U);
  (*opened)->leave();
  EXPECT_TRUE((*opened)->enter());
  (*opened)->leave();
  (*opened)->leave();
  EXPECT_EQ((*opened)->look().already_serve, 3U);
}

}  // namespace
}  // namespace frpx::tunnel
