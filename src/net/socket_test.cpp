#include "net/socket.hpp"

#include <gtest/gtest.h>
#include <sys/socket.h>

#include <string>

#include "tests/support/event_loop.hpp"

namespace frpx::net {
namespace {

struct listening final : stream::watcher {
  void on_ready(stream::readiness what) override {
    readable += what.readable;
    writable += what.writable;
    broken += what.broken;
  }
  int readable = 0;
  int writable = 0;
  int broken = 0;
};

class socket_test : public testing::Test {
 protected:
  socket_test() : ours_(pair_.take_ours(loop_)) {
    ours_->watch(&heard_);
    loop_.settle();
    heard_ = {};
  }
  read_outcome read() { return ours_->read(room_); }
  void send(std::string_view text, int flags = 0) {
    ASSERT_EQ(::send(pair_.theirs.get(), text.data(), text.size(), flags),
              static_cast<ssize_t>(text.size()));
  }
  // Writes until it is blocked.
  std::size_t fill() {
    const std::string much(1 << 20, 'x');
    std::size_t total = 0;
    for (;;) {
      const write_outcome put = ours_->write(as_bytes(much));
      if (put.state != io_state::moved) return total;
      total += put.bytes;
    }
  }
  std::size_t drain() {
    char bytes[1 << 16];
    std::size_t total = 0;
    for (ssize_t count; (count = ::recv(pair_.theirs.get(), bytes, sizeof bytes, 0)) > 0;) {
      total += static_cast<std::size_t>(count);
    }
    return total;
  }

  test::event_loop loop_;
  test::tcp_pair pair_;
  listening heard_;
  std::unique_ptr<socket> ours_;
  std::array<std::byte, 64> room_{};
};

TEST_F(socket_test, an_empty_one_is_blocked_until_it_is_told) {
  EXPECT_EQ(read().state, io_state::blocked);
  send("hello");
  EXPECT_EQ(heard_.readable, 0);
  loop_.settle();
  EXPECT_EQ(heard_.readable, 1);
  EXPECT_EQ(heard_.writable, 0);
  EXPECT_EQ(as_text(read().bytes), "hello");
  EXPECT_EQ(read().state, io_state::blocked);
}

TEST_F(socket_test, an_end_that_came_with_the_bytes_is_found) {
  send("last words");
  ::shutdown(pair_.theirs.get(), SHUT_WR);
  loop_.settle();
  EXPECT_EQ(as_text(read().bytes), "last words");
  EXPECT_EQ(read().state, io_state::ended);
  EXPECT_EQ(read().state, io_state::ended);
}

TEST_F(socket_test, an_end_that_comes_between_event_and_read_is_found) {
  send("last words");
  loop_.settle();
  ::shutdown(pair_.theirs.get(), SHUT_WR);
  EXPECT_EQ(as_text(read().bytes), "last words");
  loop_.settle();
  EXPECT_EQ(read().state, io_state::ended);
}

TEST_F(socket_test, what_was_there_before_it_was_watched_is_found) {
  test::tcp_pair late;
  ASSERT_EQ(::send(late.theirs.get(), "early", 5, 0), 5);
  ::shutdown(late.theirs.get(), SHUT_WR);
  const auto taken = late.take_ours(loop_);
  EXPECT_EQ(as_text(taken->read(room_).bytes), "early");
  loop_.settle();
  EXPECT_EQ(taken->read(room_).state, io_state::ended);
}

TEST_F(socket_test, bytes_behind_urgent_data_are_found) {
  send("before");
  send("!", MSG_OOB);
  send("behind");
  loop_.settle();
  std::string text;
  for (read_outcome got = read(); got.state == io_state::moved; got = read()) {
    text += as_text(got.bytes);
  }
  EXPECT_EQ(text, "beforebehind");  // the urgent byte itself stands beside the stream
}

TEST_F(socket_test, bytes_put_back_come_first_and_keep_it_from_being_plain) {
  send("world");
  loop_.settle();
  ours_->unread(as_bytes("hello "));
  EXPECT_EQ(ours_->plain_socket(), nullptr);
  EXPECT_EQ(as_text(read().bytes), "hello ");
  EXPECT_EQ(ours_->plain_socket(), ours_.get());
  EXPECT_EQ(as_text(read().bytes), "world");
}

TEST_F(socket_test, gives_a_share_in_each_turn_and_then_goes_on_by_itself) {
  const std::size_t shares = 3;
  send(std::string(shares * socket::turn_reads * room_.size() - 1, 'x'));
  loop_.settle();
  ASSERT_EQ(heard_.readable, 1);
  const auto read_until_blocked = [&] {
    std::size_t count = 0;
    while (read().state == io_state::moved) ++count;
    return count;
  };
  for (int turn = 1; turn < 3; ++turn) {
    EXPECT_EQ(read_until_blocked(), socket::turn_reads);
    EXPECT_TRUE(ours_->waits_for_turn());
    EXPECT_EQ(heard_.readable, turn);
    loop_->loop().turn(steady_time());
    EXPECT_EQ(heard_.readable, turn + 1);
    EXPECT_FALSE(ours_->waits_for_turn());
  }
  EXPECT_EQ(read_until_blocked(), socket::turn_reads);  // the last of them was short
  EXPECT_FALSE(ours_->waits_for_turn());
  loop_.settle();
  EXPECT_EQ(heard_.readable, 3);
}

TEST_F(socket_test, a_turn_that_was_ended_leaves_the_rest_for_the_next) {
  send("hello");
  loop_.settle();
  ASSERT_EQ(as_text(read().bytes), "hello");
  ours_->unread(as_bytes("lo"));
  ours_->end_turn();
  EXPECT_EQ(read().state, io_state::blocked);
  loop_->loop().turn(steady_time());
  EXPECT_EQ(heard_.readable, 2);
  EXPECT_EQ(as_text(read().bytes), "lo");
}

TEST_F(socket_test, an_end_is_told_whatever_was_read_in_the_turn) {
  send("x");
  ::shutdown(pair_.theirs.get(), SHUT_WR);
  loop_.settle();
  ASSERT_EQ(read().state, io_state::moved);
  ASSERT_EQ(read().state, io_state::ended);
  ours_->end_turn();
  EXPECT_EQ(read().state, io_state::ended);
}

TEST_F(socket_test, a_full_one_is_told_when_there_is_room) {
  const std::size_t written = fill();
  EXPECT_EQ(ours_->write(as_bytes("x")).state, io_state::blocked);
  std::size_t received = 0;
  ASSERT_TRUE(loop_.run_until([&] {
    received += drain();
    return heard_.writable == 1;
  }));
  EXPECT_EQ(ours_->write(as_bytes("x")).state, io_state::moved);
  ASSERT_TRUE(loop_.run_until([&] { return (received += drain()) == written + 1; }));
}

TEST_F(socket_test, a_reset_is_told_as_broken_and_never_an_end) {
  pair_.reset_theirs();
  loop_.settle();
  EXPECT_EQ(heard_.broken, 1);
  EXPECT_EQ(read().state, io_state::failed);
  EXPECT_EQ(ours_->error(), boost::system::errc::connection_reset);
  EXPECT_EQ(ours_->write(as_bytes("x")).state, io_state::failed);
}

TEST_F(socket_test, finish_ends_one_direction) {
  ours_->finish();
  char byte;
  ASSERT_TRUE(loop_.run_until([&] { return ::recv(pair_.theirs.get(), &byte, 1, 0) == 0; }));
  send("still heard");
  loop_.settle();
  EXPECT_EQ(as_text(read().bytes), "still heard");
}

TEST_F(socket_test, one_destroyed_before_its_ends_resets) {
  ours_.reset();
  char byte;
  EXPECT_EQ(::recv(pair_.theirs.get(), &byte, 1, 0), -1);
  EXPECT_EQ(errno, ECONNRESET);
}

TEST_F(socket_test, one_destroyed_after_its_ends_closes_in_order) {
  ::shutdown(pair_.theirs.get(), SHUT_WR);
  loop_.settle();
  EXPECT_EQ(read().state, io_state::ended);
  EXPECT_EQ(ours_->write(as_bytes("bye")).bytes, 3u);
  ours_->finish();
  ours_.reset();
  char bytes[8];
  EXPECT_EQ(::recv(pair_.theirs.get(), bytes, sizeof bytes, 0), 3);
  EXPECT_EQ(::recv(pair_.theirs.get(), bytes, sizeof bytes, 0), 0);
}

TEST_F(socket_test, break_off_tells_the_watcher) {
  ours_->break_off();
  EXPECT_EQ(heard_.broken, 1);
  EXPECT_EQ(read().state, io_state::failed);
}

TEST_F(socket_test, a_released_descriptor_lives_on_unwatched) {
  const unique_fd released = ours_->release();
  send("x");
  loop_.settle();
  EXPECT_EQ(heard_.readable, 0);
  char byte;
  EXPECT_EQ(::recv(released.get(), &byte, 1, 0), 1);
}

TEST(endpoint, is_shown_as_people_write_it) {
  using boost::asio::ip::make_address;
  EXPECT_EQ(to_string(endpoint(make_address("127.0.0.1"), 80)), "127.0.0.1:80");
  EXPECT_EQ(to_string(endpoint(make_address("::1"), 80)), "[::1]:80");
  EXPECT_EQ(to_string(endpoint(make_address("::ffff:10.1.2.3"), 1)), "10.1.2.3:1");
}

}  // namespace
}  // namespace frpx::net
