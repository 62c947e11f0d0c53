// The bounds of a stream_set; engine_streams_test.cpp has the streams themselves.
#include "client/stream_set.hpp"

#include "tests/support/client_fixture.hpp"

namespace frpx::client {
namespace {

using namespace std::chrono_literals;
using test::scripted_peer;

class stream_set_test : public testing::Test {
 protected:
  stream_set_test() { hanging_.fill(); }
  ~stream_set_test() override {
    loop_->post([this] { streams_->reset_all(); });
    EXPECT_TRUE(loop_.await(streams_->join(steady_clock::now() + 10s)));
  }

  void make(stream_limits limits, std::uint16_t local_port) {
    service_.emplace(names_, "127.0.0.1", local_port);
    streams_.emplace(loop_.worker(), *service_, limits);
    streams_->begin(proxy_.address(), [this] { ++idle_calls_; });
  }
  scripted_peer accept(const std::string& id) {
    scripted_peer peer = proxy_.accept();
    EXPECT_EQ(peer.expect<wire::new_proxy_conn>().proxy_conn_id, id);
    return peer;
  }

  test::captured_log log_;
  test::event_loop loop_;
  net::blocking_pool blocking_{1, 8};
  net::resolver names_{blocking_};
  test::scripted_port proxy_{loop_};
  test::scripted_port local_{loop_};
  test::scripted_port hanging_{loop_, 0, 0};  // answers no connect
  std::optional<exposed_services> service_;
  std::optional<stream_set> streams_;
  int idle_calls_ = 0;
};

TEST_F(stream_set_test, streams_and_refusals_are_bounded) {
  stream_limits limits;
  limits.streams = 2;
  limits.refusing = 1;
  limits.local_connect = 10s;
  make(limits, hanging_.port());
  for (const char* id : {"1", "2", "3", "4"}) streams_->order(id);
  EXPECT_EQ(streams_->size(), 2u);
  std::vector<scripted_peer> peers;
  std::vector<std::string> ids;
  for (int i = 0; i < 3; ++i) {
    peers.push_back(proxy_.accept());
    ids.push_back(peers.back().expect<wire::new_proxy_conn>().proxy_conn_id);
  }
  EXPECT_EQ(ids, (std::vector<std::string>{"1", "2", "3"}));
  EXPECT_EQ(peers[2].await_end(), scripted_peer::end::clean);
  EXPECT_EQ(peers[0].ended(), scripted_peer::end::none);
  EXPECT_FALSE(proxy_.try_accept()) << "the fourth was beyond every bound";
  EXPECT_EQ(log_.count("left unanswered"), 1u);
  peers[2].close();
  ASSERT_TRUE(run_until(loop_, [this] {
    streams_->order("5");
    return proxy_.try_accept().has_value();
  })) << "the refusal's place is free again";
}

TEST_F(stream_set_test, connects_in_progress_are_bounded_and_the_others_wait) {
  stream_limits limits;
  limits.connecting = 1;
  limits.local_connect = 200ms;
  make(limits, hanging_.port());
  streams_->order("1");
  streams_->order("2");
  EXPECT_EQ(streams_->size(), 2u);
  scripted_peer first = accept("1");
  EXPECT_FALSE(proxy_.try_accept());
  EXPECT_EQ(first.await_end(), scripted_peer::end::clean) << "its connect was given up";
  first.close();
  scripted_peer second = accept("2");
}

TEST_F(stream_set_test, who_waits_too_long_for_a_connect_is_given_up) {
  stream_limits limits;
  limits.connecting = 0;
  limits.server_connect = 50ms;
  make(limits, local_.port());
  streams_->order("1");
  ASSERT_TRUE(run_until(loop_, [this] { return streams_->size() == 0; }));
  EXPECT_FALSE(proxy_.try_accept());
  EXPECT_EQ(log_.count("Cannot open a stream in time"), 1u);
}

TEST_F(stream_set_test, a_refused_stream_ends_even_if_the_server_never_closes) {
  stream_limits limits;
  limits.streams = 0;
  limits.farewell = 50ms;
  make(limits, local_.port());
  streams_->order("1");
  scripted_peer peer = accept("1");
  EXPECT_EQ(peer.await_end(), scripted_peer::end::clean);
  ASSERT_TRUE(run_until(loop_, [&] { return ::send(peer.descriptor(), "x", 1, MSG_NOSIGNAL) < 0; }))
      << "it is closed on the other side";
}

TEST_F(stream_set_test, what_a_server_sends_on_a_refused_stream_is_bounded) {
  stream_limits limits;
  limits.streams = 0;
  limits.farewell = 60s;
  make(limits, local_.port());
  streams_->order("1");
  scripted_peer peer = accept("1");
  const std::string block(64 * 1024, 'x');
  std::size_t sent = 0;
  ASSERT_TRUE(run_until(loop_, [&] {
    const ssize_t count = ::send(peer.descriptor(), block.data(), block.size(), MSG_NOSIGNAL);
    if (count > 0) sent += static_cast<std::size_t>(count);
    return count < 0 && errno != EAGAIN;
  }));
  EXPECT_GE(sent, 1u << 20);
}

TEST_F(stream_set_test, tells_when_a_stream_has_ended) {
  make({}, local_.port());
  streams_->order("1");
  scripted_peer peer = accept("1");
  scripted_peer service = local_.accept();
  ASSERT_TRUE(run_until(loop_, [this] { return streams_->size() == 1; }));
  const int before = idle_calls_;
  peer.finish();
  service.finish();
  ASSERT_TRUE(run_until(loop_, [&] { return idle_calls_ > before && streams_->size() == 0; }));
}

TEST_F(stream_set_test, a_local_name_is_looked_up) {
  service_.emplace(names_, "localhost", local_.port());
  streams_.emplace(loop_.worker(), *service_, stream_limits{});
  streams_->begin(proxy_.address(), [] {});
  EXPECT_FALSE(service_->unnamed().known());
  streams_->order("1");
  scripted_peer peer = accept("1");
  peer.send_bytes("x");
  EXPECT_EQ(local_.accept().read(1), "x");
  EXPECT_TRUE(service_->unnamed().known());
}

}  // namespace
}  // namespace frpx::client
