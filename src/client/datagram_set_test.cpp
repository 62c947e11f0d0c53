#include "client/datagram_set.hpp"

#include <gtest/gtest.h>

#include <deque>
#include <utility>

#include "tests/support/udp_pair.hpp"

namespace frpx::client {
namespace {

using namespace std::chrono_literals;

/// The server's end of an association, and what came out of it.
struct server_end {
  std::vector<std::string> got;
  net::datagram_stream::watcher* to_client = nullptr;  // null once the client has let go

  void say(std::string_view text) { to_client->on_datagram(as_bytes(text)); }
  void be_gone() { to_client->on_gone(make_error_code(boost::system::errc::connection_reset)); }
};

class stream_of final : public net::datagram_stream {
 public:
  explicit stream_of(server_end& of) : of_(of) {}
  ~stream_of() override { of_.to_client = nullptr; }
  void send(bytes_view datagram) override { of_.got.emplace_back(as_text(datagram)); }
  void note() { of_.to_client = watching(); }

 private:
  server_end& of_;
};

class datagram_set_test : public testing::Test {
 protected:
  void begin(datagram_limits limits = {}) {
    set_ = std::make_unique<datagram_set>(loop_.worker(), limits);
  }
  ~datagram_set_test() override {
    set_->reset_all();
    loop_.settle();
  }
  std::shared_ptr<local_service> service(const std::string& host = "127.0.0.1") {
    return std::make_shared<local_service>(names_, host, echo_.local().port());
  }
  server_end& new_end() { return ends_.emplace_back(); }
  bool open(server_end& end, std::shared_ptr<local_service> to) {
    auto stream = std::make_unique<stream_of>(end);
    stream_of* const kept = stream.get();
    if (!set_->join_datagrams(std::move(stream), std::move(to))) return false;
    kept->note();
    return true;
  }

  test::event_loop loop_;
  net::blocking_pool blocking_{1, 8};
  net::resolver names_{blocking_};
  test::plain_udp echo_;
  std::deque<server_end> ends_;  // outlive the set, which may hold their streams to the last
  std::unique_ptr<datagram_set> set_;
};

TEST_F(datagram_set_test, each_association_is_a_peer_of_its_own) {
  begin();
  server_end &one = new_end(), &two = new_end();
  ASSERT_TRUE(open(one, service()));
  ASSERT_TRUE(open(two, service()));
  one.say("from one");
  two.say("from two");
  two.say("");
  loop_.settle();
  std::vector<std::string> got;
  std::vector<net::udp_endpoint> peers;
  ASSERT_TRUE(loop_.run_until([&] {
    while (auto each = echo_.receive_from()) {
      got.push_back(each->first);
      peers.push_back(each->second);
    }
    return got.size() == 3;
  }));
  EXPECT_NE(peers[0], peers[1]);
  for (std::size_t i = 0; i < 3; ++i) echo_.send("back: " + got[i], peers[i]);
  ASSERT_TRUE(loop_.run_until([&] { return one.got.size() + two.got.size() == 3; }));
  EXPECT_EQ(one.got, std::vector<std::string>{"back: from one"});
  EXPECT_EQ(two.got, (std::vector<std::string>{"back: from two", "back: "}));
}

TEST_F(datagram_set_test, what_comes_while_the_name_is_looked_up_is_held) {
  begin();
  server_end& end = new_end();
  ASSERT_TRUE(open(end, service("localhost")));
  for (int i = 0; i < 20; ++i) end.say(std::to_string(i) + std::string(1000, '.'));
  std::vector<std::string> got;
  ASSERT_TRUE(loop_.run_until([&] {
    while (auto each = echo_.receive()) got.push_back(std::move(*each));
    return got.size() == 16;
  }));
  EXPECT_TRUE(got.front().starts_with("4."));
  EXPECT_TRUE(got.back().starts_with("19."));
}

TEST_F(datagram_set_test, an_unknown_name_ends_the_association) {
  begin({.local_connect = 300ms});
  server_end& end = new_end();
  ASSERT_TRUE(open(end, service("no-such-host.invalid")));
  end.say("hello");
  ASSERT_TRUE(loop_.run_until([&] { return set_->size() == 0; }));
  EXPECT_EQ(end.to_client, nullptr);
}

TEST_F(datagram_set_test, idle_ones_end_and_their_sockets_with_them) {
  begin({.idle = 100ms});
  server_end &quiet = new_end(), &busy = new_end();
  ASSERT_TRUE(open(quiet, service()));
  ASSERT_TRUE(open(busy, service()));
  ASSERT_TRUE(loop_.run_until([&] {
    busy.say("still here");
    return quiet.to_client == nullptr;
  }));
  EXPECT_NE(busy.to_client, nullptr);
  EXPECT_EQ(set_->size(), 1u);
}

TEST_F(datagram_set_test, takes_as_many_as_it_may_and_not_one_more) {
  begin({.associations = 3});
  const std::size_t most = set_->most_streams();
  EXPECT_GT(most, 3u);
  std::deque<server_end>& ends = ends_;
  ends.resize(most + 1);
  for (std::size_t i = 0; i < most; ++i) ASSERT_TRUE(open(ends[i], service()));
  EXPECT_FALSE(open(ends.back(), service()));
  ends[0].be_gone();
  EXPECT_EQ(ends[0].to_client, nullptr);
  EXPECT_TRUE(open(ends.back(), service()));
  for (std::size_t i = 1; i <= most; ++i) ends[i].be_gone();
  EXPECT_EQ(set_->size(), 0u);
}

TEST_F(datagram_set_test, the_end_of_the_session_ends_all) {
  begin();
  std::deque<server_end>& ends = ends_;
  ends.resize(5);
  for (server_end& each : ends) ASSERT_TRUE(open(each, service()));
  set_->reset_all();
  EXPECT_EQ(set_->size(), 0u);
  for (const server_end& each : ends) EXPECT_EQ(each.to_client, nullptr);
}

}  // namespace
}  // namespace frpx::client
