// A relay between two TCP connections: small exchanges by copying, bulk by splice.
#include <gtest/gtest.h>
#include <linux/sockios.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <deque>
#include <optional>
#include <string>

#include "net/relay.hpp"
#include "tests/support/byte_flow.hpp"
#include "tests/support/event_loop.hpp"
#include "tests/support/open_descriptors.hpp"

namespace frpx::net {
namespace {

using test::flow_sink;
using test::flow_source;
using test::tcp_pair;

constexpr std::uint64_t kib = 1024;
constexpr std::uint64_t mib = 1024 * kib;

// One relay with the far ends of both its connections.
struct joined final : relay::observer {
  explicit joined(test::event_loop& loop, relay_set& set) {
    running = &set.start(visitor.take_ours(loop), service.take_ours(loop), this);
  }
  ~joined() {
    if (running != nullptr) running->reset();
  }
  void on_relay_end(relay&, const relay_report& end) override {
    running = nullptr;
    report = end;
  }

  tcp_pair visitor;
  tcp_pair service;
  relay* running = nullptr;
  std::optional<relay_report> report;
};

class relay_socket_test : public testing::Test {
 protected:
  explicit relay_socket_test(relay_options options = {})
      : relays_(loop_->loop(), loop_->buffers(), loop_->scratch(), options) {}
  ~relay_socket_test() override { relays_.reset_all(); }

  // Sends until nobody takes any more: everything between the two ends is full.
  void fill(flow_source& source) {
    for (std::uint64_t before = source.left() + 1; before != source.left();) {
      before = source.left();
      source.push();
      loop_.settle();
    }
  }
  static void send(const unique_fd& to, std::string_view text) {
    ASSERT_EQ(::send(to.get(), text.data(), text.size(), MSG_NOSIGNAL),
              static_cast<ssize_t>(text.size()));
  }
  // The next `size` bytes, or fewer if the direction ends before.
  std::string receive(const unique_fd& from, std::size_t size) {
    std::string text;
    bool ended = false;
    loop_.run_until([&] {
      char next[4096];
      const ssize_t count = ::recv(from.get(), next, std::min(sizeof next, size - text.size()), 0);
      if (count > 0) text.append(next, static_cast<std::size_t>(count));
      ended = count == 0;
      return ended || text.size() == size;
    });
    return text;
  }
  // How receiving ends: 0 for a clean end, else errno.
  int end_of(const unique_fd& from) {
    int how = -1;
    loop_.run_until([&] {
      char next[4096];
      const ssize_t count = ::recv(from.get(), next, sizeof next, 0);
      if (count == 0) how = 0;
      if (count < 0 && errno != EAGAIN) how = errno;
      return how >= 0;
    });
    return how;
  }

  test::event_loop loop_;
  relay_set relays_;
};

TEST_F(relay_socket_test, half_close_in_either_order) {
  for (const bool visitor_first : {true, false}) {
    joined pair(loop_, relays_);
    unique_fd& first = (visitor_first ? pair.visitor : pair.service).theirs;
    unique_fd& second = (visitor_first ? pair.service : pair.visitor).theirs;
    send(first, "question");
    ::shutdown(first.get(), SHUT_WR);
    EXPECT_EQ(receive(second, 9), "question");  // and the end
    send(second, "answer");
    ::shutdown(second.get(), SHUT_WR);
    EXPECT_EQ(receive(first, 7), "answer");
    ASSERT_TRUE(loop_.run_until([&] { return pair.report.has_value(); }));
    EXPECT_EQ(pair.report->how, relay_end::finished);
  }
}

TEST_F(relay_socket_test, a_reset_arrives_as_a_reset) {
  for (const bool by_visitor : {true, false}) {
    joined pair(loop_, relays_);
    loop_.settle();
    (by_visitor ? pair.visitor : pair.service).reset_theirs();
    EXPECT_EQ(end_of((by_visitor ? pair.service : pair.visitor).theirs), ECONNRESET);
    ASSERT_TRUE(pair.report);
    EXPECT_EQ(pair.report->how, by_visitor ? relay_end::visitor_failed : relay_end::service_failed);
  }
}

TEST_F(relay_socket_test, a_reset_behind_a_half_close_arrives_as_a_reset) {
  joined pair(loop_, relays_);
  ::shutdown(pair.service.theirs.get(), SHUT_WR);
  EXPECT_EQ(receive(pair.visitor.theirs, 1), "");  // the service's end
  pair.service.reset_theirs();
  ASSERT_TRUE(loop_.run_until([&] { return pair.report.has_value(); }));
  EXPECT_EQ(pair.report->how, relay_end::service_failed);
  int failure = 0;
  socklen_t size = sizeof failure;
  ::getsockopt(pair.visitor.theirs.get(), SOL_SOCKET, SO_ERROR, &failure, &size);
  EXPECT_EQ(failure, EPIPE);  // how Linux tells a reset behind an end
}

struct flow_case {
  std::uint64_t size;
  bool spliced;
};

class relay_flow_test : public relay_socket_test, public testing::WithParamInterface<flow_case> {};

TEST_P(relay_flow_test, is_bit_exact) {
  const auto [size, spliced] = GetParam();
  joined pair(loop_, relays_);
  flow_source source(pair.visitor.theirs.get(), size, size);
  flow_sink sink(pair.service.theirs.get(), size);
  ASSERT_TRUE(loop_.run_until(
      [&] {
        source.push();
        loop_.settle();
        sink.pull();
        return sink.ended() || sink.failure() != 0;
      },
      std::chrono::seconds(100)));
  EXPECT_TRUE(sink.exact());
  EXPECT_EQ(sink.received(), size);
  ::shutdown(pair.service.theirs.get(), SHUT_WR);
  ASSERT_TRUE(loop_.run_until([&] { return pair.report.has_value(); }));
  EXPECT_EQ(pair.report->how, relay_end::finished);
  EXPECT_EQ(pair.report->from_visitor, size);
  EXPECT_EQ(pair.report->from_service, 0u);
  EXPECT_EQ(relays_.totals().spliced > size / 2, spliced) << relays_.totals().spliced;
  EXPECT_EQ(relays_.pipes().lent(), 0u);
}

INSTANTIATE_TEST_SUITE_P(sizes, relay_flow_test,
                         testing::Values(flow_case{1, false}, flow_case{64 * kib, false},
                                         flow_case{256 * kib, false}, flow_case{16 * mib, true},
                                         flow_case{1024 * mib, true}),
                         [](const auto& each) {
                           return std::to_string(each.param.size / kib) + "_KiB";
                         });

TEST_F(relay_socket_test, bulk_both_ways_at_once) {
  constexpr std::uint64_t size = 48 * mib;
  joined pair(loop_, relays_);
  flow_source up(pair.visitor.theirs.get(), 1, size);
  flow_source down(pair.service.theirs.get(), 2, size);
  flow_sink up_sink(pair.service.theirs.get(), 1);
  flow_sink down_sink(pair.visitor.theirs.get(), 2);
  ASSERT_TRUE(loop_.run_until([&] {
    up.push();
    down.push();
    loop_.settle();
    up_sink.pull();
    down_sink.pull();
    return pair.report.has_value();
  }));
  up_sink.pull(2 * size);
  down_sink.pull(2 * size);
  EXPECT_TRUE(up_sink.exact() && up_sink.ended());
  EXPECT_TRUE(down_sink.exact() && down_sink.ended());
  EXPECT_EQ(pair.report->from_visitor, size);
  EXPECT_EQ(pair.report->from_service, size);
}

TEST_F(relay_socket_test, a_slow_reader_gets_everything) {
  constexpr std::uint64_t size = 4 * mib;
  joined pair(loop_, relays_);
  flow_source source(pair.visitor.theirs.get(), 3, size);
  flow_sink sink(pair.service.theirs.get(), 3);
  ASSERT_TRUE(loop_.run_until([&] {
    for (int i = 0; i < 100; ++i) {
      source.push();
      loop_.settle();
      sink.pull(1000);
    }
    return sink.ended();
  }));
  EXPECT_TRUE(sink.exact());
  EXPECT_EQ(sink.received(), size);
}

TEST_F(relay_socket_test, small_exchanges_are_never_spliced) {
  joined pair(loop_, relays_);
  const std::string text(1000, 'x');
  for (int i = 0; i < 1000; ++i) {
    send(pair.visitor.theirs, text);
    ASSERT_EQ(receive(pair.service.theirs, text.size()), text);
  }
  EXPECT_EQ(relays_.totals().spliced, 0u);
  EXPECT_EQ(pair.running->from_visitor(), 1000u * text.size());
}

TEST_F(relay_socket_test, a_pause_ends_bulk_and_gives_the_pipe_back) {
  joined pair(loop_, relays_);
  flow_source source(pair.visitor.theirs.get(), 5, 1024 * mib);
  flow_sink sink(pair.service.theirs.get(), 5);
  ASSERT_TRUE(loop_.run_until([&] {
    if (sink.received() < 8 * mib) source.push();
    loop_.settle();
    sink.pull();
    return sink.received() >= 8 * mib && pair.running->from_visitor() == 1024 * mib - source.left();
  }));
  loop_.settle();
  EXPECT_GT(relays_.totals().spliced, 0u);
  EXPECT_EQ(relays_.pipes().lent(), 0u);
  EXPECT_EQ(relays_.pipes().kept(), 1u);
}

TEST_F(relay_socket_test, a_thousand_that_die_leave_nothing) {
  const std::size_t before = test::open_descriptors();
  for (int i = 0; i < 1000; ++i) {
    joined pair(loop_, relays_);
    send(pair.visitor.theirs, "question");
    if (i % 4 == 0) receive(pair.service.theirs, 8);
    if (i % 4 == 1) pair.visitor.reset_theirs();
    if (i % 4 == 2) pair.service.theirs.reset();
    if (pair.running != nullptr && i % 4 == 3) pair.running->reset();
    pair.visitor.theirs.reset();
    pair.service.theirs.reset();
    ASSERT_TRUE(loop_.run_until([&] { return pair.report.has_value(); }));
  }
  EXPECT_EQ(relays_.size(), 0u);
  EXPECT_EQ(test::open_descriptors(), before);
}

// A connection that carries bulk, for which the kernel by now has room for several shares of a
// turn.
class relay_bulk_test : public relay_socket_test {
 protected:
  static constexpr std::uint64_t total = 1024 * mib;

  // Pushes as much as the other side's kernel takes, without a turn.
  std::uint64_t push() {
    source_.push(8 * mib);
    int unacknowledged = 0;
    ::ioctl(pair_.visitor.theirs.get(), SIOCOUTQ, &unacknowledged);
    arrived_ = total - source_.left() - static_cast<std::uint64_t>(unacknowledged);
    return arrived_ - std::min(arrived_, moved());  // more may have arrived than was acknowledged
  }
  std::uint64_t moved() const {
    return pair_.running ? pair_.running->from_visitor() : pair_.report->from_visitor;
  }
  // One turn, and how much it moved.
  std::uint64_t turn() {
    const std::uint64_t before = moved();
    loop_->loop().turn(steady_time());
    sink_.pull(8 * mib);
    return moved() - before;
  }

  joined pair_{loop_, relays_};
  flow_source source_{pair_.visitor.theirs.get(), 9, total};
  flow_sink sink_{pair_.service.theirs.get(), 9};
  std::uint64_t arrived_ = 0;
};

TEST_F(relay_bulk_test, moves_a_share_in_each_turn) {
  constexpr std::uint64_t share = socket::turn_bytes + 256 * kib;  // with the read that reaches it
  std::uint64_t most = 0;
  ASSERT_TRUE(loop_.run_until([&] {
    const std::uint64_t waiting = push();
    for (std::uint64_t left = waiting; left > 0;) {
      const std::uint64_t now = turn();
      most = std::max(most, now);
      left -= std::min(left, now);
    }
    // How much the kernel takes is up to it: as soon as more than a share waits, that is enough.
    return (waiting > share || source_.left() == 0) && relays_.totals().spliced > 0;
  }));
  EXPECT_GT(most, 0u);
  EXPECT_LE(most, share);
}

TEST_F(relay_bulk_test, what_was_said_before_a_reset_goes_on_over_several_turns) {
  ASSERT_TRUE(loop_.run_until([&] {
    const std::uint64_t waiting = push();
    if (waiting > socket::turn_bytes + 256 * kib || source_.left() == 0) return true;
    while (turn() > 0) {
    }
    return false;
  }));
  pair_.visitor.reset_theirs();
  ASSERT_TRUE(loop_.run_until([&] {
    sink_.pull(8 * mib);
    return pair_.report.has_value();
  }));
  EXPECT_EQ(pair_.report->how, relay_end::visitor_failed);
  EXPECT_GE(pair_.report->from_visitor, arrived_);
}

// Every read after the first is spliced, through the only pipe that there is.
class relay_splice_test : public relay_socket_test {
 protected:
  relay_splice_test()
      : relay_socket_test(relay_options{
            .bulk_after = 1, .pause = std::chrono::hours(1), .large_read = 1, .pipes = 1}) {}
};

TEST_F(relay_splice_test, a_reader_that_stops_stops_the_source) {
  joined pair(loop_, relays_);
  flow_source source(pair.visitor.theirs.get(), 4, 1024 * mib);
  fill(source);
  EXPECT_GT(source.left(), 900 * mib);  // the rest stands in the kernel's socket buffers
  EXPECT_EQ(relays_.pipes().lent(), 1u);
  flow_sink sink(pair.service.theirs.get(), 4);
  ASSERT_TRUE(loop_.run_until([&] {
    sink.pull();
    return sink.received() > 64 * mib || (source.push(), false);
  }));
  EXPECT_TRUE(sink.exact());
}

TEST_F(relay_splice_test, a_reset_with_bytes_in_the_pipe_leaves_no_dirty_pipe) {
  joined pair(loop_, relays_);
  flow_source source(pair.visitor.theirs.get(), 6, 1024 * mib);
  fill(source);
  ASSERT_EQ(relays_.pipes().lent(), 1u);
  const std::size_t before = test::open_descriptors();
  pair.visitor.reset_theirs();
  ASSERT_TRUE(loop_.run_until([&] { return pair.report.has_value(); }));
  EXPECT_EQ(pair.report->how, relay_end::visitor_failed);
  EXPECT_EQ(relays_.pipes().lent(), 0u);
  EXPECT_EQ(relays_.pipes().kept(), 0u);
  EXPECT_EQ(test::open_descriptors(), before - 5);  // three sockets, both ends of the pipe
  EXPECT_EQ(end_of(pair.service.theirs), ECONNRESET);
}

TEST_F(relay_splice_test, who_gets_none_is_copied) {
  joined hoarder(loop_, relays_);
  flow_source stuck(hoarder.visitor.theirs.get(), 7, 1024 * mib);
  fill(stuck);
  ASSERT_EQ(relays_.pipes().lent(), 1u);
  const std::uint64_t spliced = relays_.totals().spliced;

  joined pair(loop_, relays_);
  flow_source source(pair.visitor.theirs.get(), 8, 16 * mib);
  flow_sink sink(pair.service.theirs.get(), 8);
  ASSERT_TRUE(loop_.run_until([&] {
    source.push();
    loop_.settle();
    sink.pull();
    return sink.ended();
  }));
  EXPECT_TRUE(sink.exact());
  EXPECT_EQ(sink.received(), 16 * mib);
  EXPECT_EQ(relays_.totals().spliced, spliced);
}

TEST(pipe_pool, lends_up_to_its_limit_and_keeps_only_empty_ones) {
  pipe_pool pool(2);
  pipe_pool::handle first = pool.take();
  pipe_pool::handle second = pool.take();
  ASSERT_TRUE(first && second);
  EXPECT_GE(first->capacity, pipe_pool::least_capacity);
  EXPECT_FALSE(pool.take());
  const int clean = second->read_end.get();
  first->filled = 1;
  first.reset();
  second.reset();
  EXPECT_EQ(pool.lent(), 0u);
  EXPECT_EQ(pool.kept(), 1u);
  EXPECT_EQ(pool.take()->read_end.get(), clean);
}

}  // namespace
}  // namespace frpx::net
