// UDP tunnels: associations, their ends, and who may have one.
#include <gtest/gtest.h>

#include <functional>
#include <map>
#include <set>

#include "net/wakeup.hpp"
#include "tests/support/udp_pair.hpp"
#include "tunnel/errc.hpp"
#include "tunnel/outer_ports.hpp"

namespace frpx::tunnel {
namespace {

using namespace std::chrono_literals;

class fake_client;

/// A stream that keeps what the visitor sent.
class fake_stream final : public net::datagram_stream {
 public:
  fake_stream(fake_client& of, std::string visitor);
  ~fake_stream() override;
  void send(bytes_view datagram) override { got.emplace_back(as_text(datagram)); }
  void answer(std::string_view text) { watching()->on_datagram(as_bytes(text)); }
  void be_gone() { watching()->on_gone(make_error_code(errc::session_gone)); }

  std::vector<std::string> got;
  const std::string visitor;

 private:
  fake_client& client_;
};

/// A client that brings a stream at once, later, or never.
class fake_client final : public session {
 public:
  explicit fake_client(std::uint64_t number) : session({.number = number, .client_id = "c"}) {}

  boost::asio::awaitable<result<std::unique_ptr<net::stream>>> open(net::worker&,
                                                                    stream_wish) override {
    co_return make_error_code(errc::session_gone);
  }
  boost::asio::awaitable<result<std::unique_ptr<net::datagram_stream>>> open_datagrams(
      net::worker&, stream_wish wish) override {
    ++asked;
    last_service = wish.service;
    while (late) {
      co_await net::pause(1ms);
    }
    if (refuses) co_return make_error_code(errc::too_many);
    co_return std::make_unique<fake_stream>(*this, std::string(wish.visitor));
  }
  void end(const std::string&) override {}
  void tunnel_ended(const service&, error_code why) override { ended_by = why; }

  fake_stream& of(const net::udp_endpoint& visitor) { return *streams.at(net::to_string(visitor)); }

  bool refuses = false;
  bool late = false;
  int asked = 0;
  std::optional<error_code> ended_by;
  std::string last_service;
  std::map<std::string, fake_stream*> streams;  // by visitor
};

fake_stream::fake_stream(fake_client& of, std::string who) : visitor(std::move(who)), client_(of) {
  client_.streams[visitor] = this;
}
fake_stream::~fake_stream() {
  client_.streams.erase(visitor);
}

/// A UDP tunnel on one worker, which the test drives.
class udp_port_test : public testing::Test {
 protected:
  ~udp_port_test() override {
    if (ports_) ports_->close_all();
    settle();
  }

  void begin(service what = {}, udp_options how = {}, std::size_t clients = 1) {
    auto probe = net::bind_udp("127.0.0.1", 0);  // a port that is free
    ASSERT_TRUE(probe);
    where_ = local_of(*probe);
    probe->reset();
    what.name = "dns";
    what.account = "me@example.com";
    what.group = "all";
    what.kind = service_kind::udp;
    what.outer_port = where_.port();
    ports_ = std::make_unique<outer_ports>(
        workers_, places_,
        outer_ports::options{.allowed = ports::ranges({{where_.port(), where_.port()}}),
                             .bind = "127.0.0.1",
                             .udp = how});
    for (std::uint64_t i = 1; i <= clients; ++i) {
      clients_.push_back(std::make_shared<fake_client>(i));
      auto opened = ports_->open(what, clients_.back());
      ASSERT_TRUE(opened) << opened.error().message();
      tunnel_ = *opened;
    }
    settle();
  }
  static net::udp_endpoint local_of(const net::unique_fd& fd) {
    net::udp_endpoint address;
    auto size = static_cast<socklen_t>(address.capacity());
    EXPECT_EQ(::getsockname(fd.get(), address.data(), &size), 0);
    address.resize(size);
    return address;
  }
  fake_client& client(std::size_t i = 0) { return *clients_[i]; }

  void settle() {
    while (workers_.home().loop().turn(steady_time())) {
    }
  }
  bool run_until(const std::function<bool()>& done) {
    const steady_time late = steady_clock::now() + 30s;
    while (!done()) {
      if (steady_clock::now() >= late) return false;
      workers_.home().loop().turn(steady_clock::now() + 1ms);
    }
    return true;
  }
  std::uint32_t online() const { return tunnel_->look().online; }
  /// Sends, and waits until it arrived at that client.
  void say(test::plain_udp& who, std::string_view text, std::size_t at = 0) {
    who.send(text, where_);
    ASSERT_TRUE(run_until([&] {
      const auto found = client(at).streams.find(net::to_string(who.local()));
      return found != client(at).streams.end() && !found->second->got.empty() &&
             found->second->got.back() == text;
    })) << text;
  }

  net::worker_pool workers_{1};
  std::vector<std::shared_ptr<fake_client>> clients_;
  net::admission places_{100};
  std::unique_ptr<outer_ports> ports_;
  std::shared_ptr<tunnel> tunnel_;
  net::udp_endpoint where_;
};

TEST_F(udp_port_test, bytes_are_counted_each_way_and_outlive_the_tunnel) {
  begin();
  client().late = true;
  test::plain_udp one, two;
  one.send("held", where_);
  ASSERT_TRUE(run_until([&] { return client().asked == 1; }));
  EXPECT_EQ(tunnel_->bytes(direction::to_service), 0u) << "nobody serves it yet";
  client().late = false;
  say(one, "more");
  say(two, "12");
  EXPECT_EQ(tunnel_->bytes(direction::to_service), 10u);
  EXPECT_EQ(tunnel_->bytes(direction::to_visitor), 0u);
  client().of(one.local()).answer("answer");
  EXPECT_EQ(tunnel_->bytes(direction::to_visitor), 6u);
  EXPECT_EQ(ports_->datagram_bytes(direction::to_service), 10u);
  ports_->close_all();
  EXPECT_EQ(ports_->datagram_bytes(direction::to_service), 10u);
  EXPECT_EQ(ports_->datagram_bytes(direction::to_visitor), 6u);
}

TEST_F(udp_port_test, each_visitor_has_its_stream_and_gets_its_answers) {
  begin();
  test::plain_udp one, two;
  say(one, "from one");
  say(two, "from two");
  say(one, "again");
  EXPECT_EQ(client().asked, 2);
  EXPECT_EQ(client().last_service, "dns");
  EXPECT_EQ(client().of(one.local()).got, (std::vector<std::string>{"from one", "again"}));
  client().of(two.local()).answer("to two");
  client().of(one.local()).answer("");
  client().of(one.local()).answer("to one");
  settle();
  EXPECT_EQ(two.receive_all(), std::vector<std::string>{"to two"});
  EXPECT_EQ(one.receive_all(), (std::vector<std::string>{"", "to one"}));
  EXPECT_EQ(online(), 2u);
  EXPECT_EQ(client().in_flight, 2u);
}

TEST_F(udp_port_test, what_comes_while_a_stream_is_opened_is_held_within_a_bound) {
  begin();
  client().late = true;
  test::plain_udp visitor;
  for (int i = 0; i < 20; ++i) visitor.send(std::to_string(i) + std::string(1000, '.'), where_);
  ASSERT_TRUE(run_until([&] { return client().asked == 1; }));
  settle();
  client().late = false;
  ASSERT_TRUE(run_until([&] { return !client().streams.empty(); }));
  const auto& got = client().of(visitor.local()).got;
  EXPECT_EQ(got.size(), 16u);
  EXPECT_TRUE(got.back().starts_with("19."));
  EXPECT_EQ(client().asked, 1);
}

TEST_F(udp_port_test, an_idle_association_ends_and_a_busy_one_does_not) {
  begin({}, {.idle = 300ms});
  test::plain_udp quiet, busy;
  say(quiet, "once");
  say(busy, "once");
  const steady_time began = steady_clock::now();
  ASSERT_TRUE(run_until([&] {
    // Its answers alone keep it.
    if (client().streams.contains(net::to_string(busy.local()))) {
      client().of(busy.local()).answer("still here");
    }
    return !client().streams.contains(net::to_string(quiet.local()));
  }));
  EXPECT_GE(steady_clock::now() - began, 250ms);
  EXPECT_TRUE(client().streams.contains(net::to_string(busy.local())));
  EXPECT_EQ(online(), 1u);
  say(quiet, "back");
  EXPECT_EQ(client().asked, 3);
}

TEST_F(udp_port_test, one_that_ends_while_its_stream_is_opened_is_forgotten_once) {
  begin({}, {.idle = 50ms});
  client().late = true;
  test::plain_udp visitor;
  visitor.send("hello", where_);
  ASSERT_TRUE(run_until([&] { return client().asked == 1; }));
  ports_->close_all();
  const steady_time later = steady_clock::now() + 100ms;  // the idle time, and more
  ASSERT_TRUE(run_until([&] { return steady_clock::now() > later; }));
  EXPECT_EQ(online(), 1u);
  client().late = false;
  ASSERT_TRUE(run_until([&] { return online() == 0; }));
  EXPECT_TRUE(client().streams.empty());
}

TEST_F(udp_port_test, a_full_tunnel_lets_the_oldest_unanswered_one_go) {
  service what;
  what.limits.max_serve_conn = 3;
  begin(what);
  test::plain_udp talks, first, second, late;
  say(talks, "hello");
  client().of(talks.local()).answer("hello yourself");
  say(first, "anybody?");
  say(second, "anybody?");
  say(late, "me too");
  EXPECT_EQ(online(), 3u);
  EXPECT_FALSE(client().streams.contains(net::to_string(first.local())));
  EXPECT_TRUE(client().streams.contains(net::to_string(second.local())));
  EXPECT_TRUE(client().streams.contains(net::to_string(talks.local())));
}

TEST_F(udp_port_test, a_full_tunnel_of_conversations_takes_nobody) {
  service what;
  what.limits.max_serve_conn = 2;
  begin(what);
  test::plain_udp one, two, late;
  for (test::plain_udp* each : {&one, &two}) {
    say(*each, "hello");
    client().of(each->local()).answer("hello");
  }
  late.send("hello?", where_);
  say(one, "later");  // which came behind it
  EXPECT_EQ(client().asked, 2);
  EXPECT_EQ(online(), 2u);
}

TEST_F(udp_port_test, ten_thousand_at_once_and_not_one_more) {
  begin();
  // Sources on 127.0.0.0/8 are as many visitors as one likes.
  std::size_t sent = 0;
  for (std::uint32_t host = 1; host <= 10'001; ++host) {
    net::unique_fd from(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    const net::udp_endpoint source(boost::asio::ip::address_v4(0x7f010000u + host), 4000);
    ASSERT_EQ(::bind(from.get(), source.data(), static_cast<socklen_t>(source.size())), 0);
    ASSERT_EQ(::sendto(from.get(), "x", 1, 0, where_.data(), static_cast<socklen_t>(where_.size())),
              1);
    if (++sent % 50 == 0) settle();
    if (host == 10'000) {
      ASSERT_TRUE(run_until([&] { return online() == 10'000; }));
    }
  }
  ASSERT_TRUE(run_until([&] { return tunnel_->look().already_serve == 10'001; }));
  EXPECT_EQ(online(), 10'000u);
  ports_->close_all();
  ASSERT_TRUE(run_until([&] { return online() == 0; }));
}

TEST_F(udp_port_test, a_dead_clients_visitor_moves_to_another_and_stays_there) {
  begin({}, {}, 2);
  test::plain_udp visitor;
  visitor.send("hello", where_);
  ASSERT_TRUE(run_until([&] { return client(0).streams.size() + client(1).streams.size() == 1; }));
  const std::size_t dead = client(0).streams.empty() ? 1 : 0;
  for (int i = 0; i < 20; ++i) say(visitor, "stays " + std::to_string(i), dead);
  client(dead).of(visitor.local()).be_gone();
  for (int i = 0; i < 20; ++i) say(visitor, "moves " + std::to_string(i), 1 - dead);
  EXPECT_EQ(client(dead).asked, 1);
  EXPECT_EQ(client(1 - dead).asked, 1);
  EXPECT_EQ(client(dead).in_flight, 0u);
  EXPECT_EQ(online(), 1u);
}

TEST_F(udp_port_test, a_client_that_refuses_is_not_asked_for_every_datagram) {
  begin();
  client().refuses = true;
  test::plain_udp visitor;
  for (int i = 0; i < 50; ++i) {
    visitor.send("hello?", where_);
    settle();
  }
  EXPECT_LE(client().asked, 2);
  EXPECT_GE(client().asked, 1);
}

TEST_F(udp_port_test, who_is_not_allowed_reaches_nobody) {
  service what;
  what.deny.push_back(*network::parse("127.0.0.2"));
  begin(what);
  net::unique_fd from(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  const net::udp_endpoint denied(boost::asio::ip::make_address("127.0.0.2"), 0);
  ASSERT_EQ(::bind(from.get(), denied.data(), static_cast<socklen_t>(denied.size())), 0);
  ::sendto(from.get(), "x", 1, 0, where_.data(), static_cast<socklen_t>(where_.size()));
  test::plain_udp allowed;
  say(allowed, "behind it");
  EXPECT_EQ(client().asked, 1);
}

TEST_F(udp_port_test, the_bandwidth_holds_over_time) {
  service what;
  what.bandwidth = 100'000;
  begin(what);
  test::plain_udp visitor;
  const std::string datagram(1000, 'x');
  const steady_time began = steady_clock::now();
  std::size_t passed = 0;
  ASSERT_TRUE(run_until([&] {
    visitor.send(datagram, where_);
    if (!client().streams.empty()) passed = client().of(visitor.local()).got.size();
    return passed >= 100;  // 100 KB, of which the first 10 KB are the burst
  }));
  const auto took = steady_clock::now() - began;
  EXPECT_GE(took, 850ms);
  EXPECT_LE(took, 10s);  // a busy machine is slower than the limit
}

TEST_F(udp_port_test, one_that_stops_takes_nobody_new) {
  begin();
  test::plain_udp known, stranger;
  say(known, "hello");
  ports_->drain();
  stranger.send("hello", where_);
  say(known, "still");
  EXPECT_EQ(client().asked, 1);
}

TEST_F(udp_port_test, a_count_of_visitors_ends_the_tunnel_with_the_last) {
  service what;
  what.limits.max_serve_count = 1;
  begin(what, {.idle = 50ms});
  test::plain_udp only, late;
  say(only, "hello");
  late.send("hello", where_);
  ASSERT_TRUE(run_until([&] { return client().ended_by.has_value(); }));
  EXPECT_EQ(*client().ended_by, errc::served_out);
  EXPECT_EQ(client().asked, 1);
}

}  // namespace
}  // namespace frpx::tunnel
