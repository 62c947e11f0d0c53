#include "net/udp_socket.hpp"

#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <set>

#include "tests/support/udp_pair.hpp"

namespace frpx::net {
namespace {

class udp_socket_test : public testing::Test {
 protected:
  udp_socket_test() {
    auto bound = bind_udp("127.0.0.1", 0);
    EXPECT_TRUE(bound);
    port_ = std::make_unique<test::udp_keeper>(loop_, std::move(*bound));
    auto connected = connect_udp(port_->socket.local());
    EXPECT_TRUE(connected);
    peer_ = std::make_unique<test::udp_keeper>(loop_, std::move(*connected));
  }

  test::event_loop loop_;
  std::unique_ptr<test::udp_keeper> port_;  // bound, for anybody
  std::unique_ptr<test::udp_keeper> peer_;  // connected to it
};

TEST_F(udp_socket_test, every_length_keeps_its_boundaries) {
  port_->echoes = true;
  std::vector<std::string> sent;
  for (const std::size_t size : {0u, 1u, 1200u, 1472u, 1473u, 8000u, 65'506u, 65'507u}) {
    sent.emplace_back(size, static_cast<char>('a' + sent.size()));
  }
  for (const std::string& each : sent) peer_->socket.send(as_bytes(each));
  ASSERT_TRUE(loop_.run_until([&] { return peer_->datagrams.size() == sent.size(); }));
  EXPECT_EQ(port_->datagrams, sent);
  EXPECT_EQ(peer_->datagrams, sent);
}

TEST_F(udp_socket_test, one_past_the_longest_is_lost_and_counted) {
  peer_->socket.send(as_bytes(std::string(65'508, 'x')));
  peer_->socket.send(as_bytes("next"));
  ASSERT_TRUE(loop_.run_until([&] { return !port_->datagrams.empty(); }));
  EXPECT_EQ(port_->datagrams, std::vector<std::string>{"next"});
  EXPECT_EQ(peer_->socket.totals().lost, 1u);
}

TEST_F(udp_socket_test, a_mixture_of_sizes_and_peers_is_delivered_apart) {
  // Runs of one size, a shorter one behind them, empty ones, many peers in turn: what batches and
  // segments must not mix up.
  std::vector<std::unique_ptr<test::plain_udp>> peers;
  std::map<std::uint16_t, std::vector<std::string>> expected;
  for (int i = 0; i < 7; ++i) peers.push_back(std::make_unique<test::plain_udp>());
  quick_random random(7);
  for (int i = 0; i < 2000; ++i) {
    const auto to = peers[random.below(7)]->local();
    const std::size_t size = random.below(3) == 0 ? random.below(50) : 40;
    std::string text = std::to_string(i) + "|";
    text.resize(size, '.');
    port_->socket.send(as_bytes(text), udp_route{.peer = to});
    expected[to.port()].push_back(text);
  }
  loop_->udp().flush();
  for (const auto& each : peers) EXPECT_EQ(each->receive_all(), expected[each->local().port()]);
  EXPECT_EQ(port_->socket.totals().sent, 2000u);
}

TEST_F(udp_socket_test, many_leave_by_few_passages_and_arrive_as_they_were) {
  const std::string text(1200, 'x');
  for (int i = 0; i < 200; ++i) {
    peer_->socket.send(as_bytes(std::to_string(1000 + i) + text));
  }
  ASSERT_TRUE(loop_.run_until([&] { return port_->datagrams.size() == 200; }));
  for (int i = 0; i < 200; ++i) {
    EXPECT_EQ(port_->datagrams[static_cast<std::size_t>(i)], std::to_string(1000 + i) + text);
  }
  EXPECT_EQ(peer_->socket.totals().sent, 200u);
}

TEST_F(udp_socket_test, one_wake_up_takes_its_turn_and_goes_on) {
  test::plain_udp flood;
  for (int i = 0; i < 300; ++i) flood.send(std::string(4000, 'x'), port_->socket.local());
  ASSERT_TRUE(loop_.run_until([&] { return port_->datagrams.size() == 300; }));
}

TEST_F(udp_socket_test, a_refusal_is_told_and_the_socket_goes_on) {
  const udp_endpoint where = port_->socket.local();
  port_.reset();
  peer_->socket.send(as_bytes("to nobody"));
  ASSERT_TRUE(loop_.run_until([&] { return !peer_->refusals.empty(); }));
  EXPECT_EQ(peer_->refusals.front(), boost::system::errc::connection_refused);
  auto again = bind_udp("127.0.0.1", where.port());
  ASSERT_TRUE(again);
  port_ = std::make_unique<test::udp_keeper>(loop_, std::move(*again));
  peer_->socket.send(as_bytes("to somebody"));
  ASSERT_TRUE(loop_.run_until([&] { return !port_->datagrams.empty(); }));
  EXPECT_EQ(port_->datagrams.front(), "to somebody");
}

TEST_F(udp_socket_test, an_error_of_the_datagram_before_does_not_cost_the_next) {
  const udp_endpoint where = port_->socket.local();
  port_.reset();
  peer_->socket.send(as_bytes("to nobody"));
  loop_->udp().flush();  // the refusal is there, and nobody has heard of it
  auto again = bind_udp("127.0.0.1", where.port());
  ASSERT_TRUE(again);
  port_ = std::make_unique<test::udp_keeper>(loop_, std::move(*again));
  peer_->socket.send(as_bytes("to somebody"));
  loop_->udp().flush();
  ASSERT_TRUE(loop_.run_until([&] { return !port_->datagrams.empty(); }));
  EXPECT_EQ(peer_->refusals.size(), 1u);
}

TEST_F(udp_socket_test, what_was_to_be_sent_goes_with_its_socket) {
  auto connected = connect_udp(port_->socket.local());
  ASSERT_TRUE(connected);
  auto short_lived = std::make_unique<test::udp_keeper>(loop_, std::move(*connected));
  short_lived->socket.send(as_bytes("gone"));
  peer_->socket.send(as_bytes("here"));
  short_lived.reset();
  ASSERT_TRUE(loop_.run_until([&] { return !port_->datagrams.empty(); }));
  EXPECT_EQ(port_->datagrams, std::vector<std::string>{"here"});
}

TEST_F(udp_socket_test, an_answer_leaves_from_the_address_that_was_asked) {
  auto everywhere = bind_udp("::", 0);
  ASSERT_TRUE(everywhere);
  test::udp_keeper port(loop_, std::move(*everywhere));
  port.echoes = true;
  // A connected socket hears its peer's address only: 127.0.0.2 here, which is not the one that
  // the kernel would choose.
  auto connected =
      connect_udp({boost::asio::ip::make_address("127.0.0.2"), port.socket.local().port()});
  ASSERT_TRUE(connected);
  test::udp_keeper asking(loop_, std::move(*connected));
  asking.socket.send(as_bytes("who are you"));
  ASSERT_TRUE(loop_.run_until([&] { return !asking.datagrams.empty(); }));
  EXPECT_TRUE(port.routes.front().has_local);
}

TEST(udp_ports, a_port_is_not_shared_with_a_stranger) {
  auto first = bind_udp("127.0.0.1", 0);
  ASSERT_TRUE(first);
  const auto port = [&] {
    udp_endpoint where;
    auto size = static_cast<socklen_t>(where.capacity());
    ::getsockname(first->get(), where.data(), &size);
    where.resize(size);
    return where.port();
  }();
  auto sibling = share_udp(*first);
  ASSERT_TRUE(sibling);
  EXPECT_EQ(bind_udp("127.0.0.1", port).error(), boost::system::errc::address_in_use);
}

TEST(udp_ports, each_peer_keeps_its_socket_of_a_shared_port) {
  test::event_loop loop;
  auto fd = bind_udp("127.0.0.1", 0);
  ASSERT_TRUE(fd);
  auto shared = share_udp(*fd);
  ASSERT_TRUE(shared);
  test::udp_keeper first(loop, std::move(*fd));
  test::udp_keeper second(loop, std::move(*shared));
  std::vector<std::unique_ptr<test::plain_udp>> peers;
  for (int i = 0; i < 40; ++i) peers.push_back(std::make_unique<test::plain_udp>());
  for (int round = 0; round < 5; ++round) {
    for (const auto& each : peers) each->send("hello", first.socket.local());
  }
  ASSERT_TRUE(
      loop.run_until([&] { return first.datagrams.size() + second.datagrams.size() == 200; }));
  const auto ports = [](const test::udp_keeper& of) {
    std::set<std::uint16_t> all;
    for (const udp_route& each : of.routes) all.insert(each.peer.port());
    return all;
  };
  EXPECT_EQ(ports(first).size() + ports(second).size(), 40u);
  EXPECT_FALSE(ports(first).empty());
  EXPECT_FALSE(ports(second).empty());
}

TEST(udp_ports, what_is_no_address_is_refused) {
  EXPECT_EQ(bind_udp("localhost", 0).error(), make_error_code(errc::bad_address));
}

TEST(udp_endpoints, hash_depends_on_address_port_and_key) {
  const udp_endpoint_hash hash;
  std::set<std::size_t> all;
  for (std::uint16_t port = 1; port <= 100; ++port) all.insert(hash(test::on_loopback(port)));
  EXPECT_EQ(all.size(), 100u);
  EXPECT_EQ(hash(test::on_loopback(1)), hash(test::on_loopback(1)));
  EXPECT_NE(hash(test::on_loopback(1)), udp_endpoint_hash()(test::on_loopback(1)));
}

}  // namespace
}  // namespace frpx::net
