// A proxylite connection with a scripted peer on the other end of its socket.
#include <gtest/gtest.h>
#include <sys/socket.h>

#include <map>
#include <string>

#include "link/errc.hpp"
#include "link/proxylite/connection.hpp"
#include "tests/support/event_loop.hpp"

namespace frpx::link::proxylite {
namespace {

using namespace std::chrono_literals;

std::string segment(std::uint32_t uid, std::uint32_t close, std::string_view bytes) {
  std::string header(wire::proxylite::segment_header_size, '\0');
  wire::proxylite::store_segment_header(uid, close, bytes.size(),
                                        reinterpret_cast<std::byte*>(header.data()));
  return header.append(bytes);
}

// Collects what a stream gives, as fast as it is let.
class reader final : public net::stream::watcher {
 public:
  explicit reader(net::stream& from) : from_(from) { from.watch(this); }
  ~reader() { from_.watch(nullptr); }
  void on_ready(net::stream::readiness) override {
    if (reading) take();
  }
  void take() {
    std::byte block[64 * 1024];
    for (;;) {
      const auto got = from_.read(block);
      state = got.state;
      if (got.state != net::io_state::moved) return;
      text += as_text(got.bytes);
    }
  }
  std::string text;
  net::io_state state = net::io_state::blocked;
  bool reading = true;

 private:
  net::stream& from_;
};

class segments : public testing::Test, public connection::observer {
 protected:
  void begin(role side, options how = {}) {
    link_ = std::make_unique<connection>(loop_.worker(), pair_.take_ours(loop_), side, how, buffer_,
                                         *this);
    link_->start({});
    loop_.settle();
  }
  void TearDown() override {
    if (link_ && !gone_) link_->end();
    EXPECT_TRUE(loop_.run_until([&] { return !link_ || gone_; }));
    arrived_.clear();
  }
  void on_tunnel_stream(std::unique_ptr<segment_stream> stream) override {
    arrived_[stream->uid()] = std::move(stream);
  }
  void on_tunnel_gone(error_code why) override {
    gone_ = true;
    why_ = why;
  }

  void say(const std::string& bytes) {
    std::string_view left = bytes;
    EXPECT_TRUE(loop_.run_until([&] {
      const ssize_t count = ::send(pair_.theirs.get(), left.data(), left.size(), MSG_NOSIGNAL);
      if (count > 0) left.remove_prefix(static_cast<std::size_t>(count));
      return left.empty();
    }));
    loop_.settle();
  }
  // Reads segments until `done`; what each uid got, `!` for a close.
  template <class Done>
  bool hear(Done done, steady_clock::duration patience = 10s) {
    return loop_.run_until(
        [&] {
          std::byte block[64 * 1024];
          const ssize_t count = ::recv(pair_.theirs.get(), block, sizeof block, 0);
          if (count == 0) ended_ = true;
          bytes_view bytes(block, count > 0 ? static_cast<std::size_t>(count) : 0);
          for (;;) {
            const auto piece = segments_.next(bytes);
            EXPECT_TRUE(piece);
            if (!piece || !*piece) break;
            std::string& text = heard_[(*piece)->uid];
            text += as_text((*piece)->bytes);
            if ((*piece)->ends) text += "!";
          }
          return done();
        },
        patience);
  }
  bool hears(std::uint32_t uid, const std::string& text) {
    return hear([&] { return heard_.contains(uid) && heard_[uid] == text; });
  }
  std::unique_ptr<segment_stream> open() {
    auto stream = link_->open();
    EXPECT_TRUE(stream);
    return std::move(*stream);
  }

  test::event_loop loop_;
  test::tcp_pair pair_;
  std::vector<std::byte> buffer_{16 * 1024};
  std::unique_ptr<connection> link_;
  std::map<std::uint32_t, std::unique_ptr<segment_stream>> arrived_;
  wire::proxylite::segment_reader segments_;
  std::map<std::uint32_t, std::string> heard_;
  bool ended_ = false;
  bool gone_ = false;
  error_code why_;
};

TEST_F(segments, a_visitor_is_announced_by_an_empty_segment) {
  begin(role::server);
  const auto stream = open();
  EXPECT_NE(stream->uid(), 0u);
  EXPECT_TRUE(hears(stream->uid(), ""));
}

TEST_F(segments, bytes_go_both_ways_under_their_uid) {
  begin(role::server);
  const auto one = open();
  const auto two = open();
  reader first(*one);
  reader second(*two);
  EXPECT_EQ(one->write(as_bytes("for one")).bytes, 7u);
  EXPECT_EQ(two->write(as_bytes("for two")).bytes, 7u);
  EXPECT_TRUE(hears(one->uid(), "for one"));
  EXPECT_TRUE(hears(two->uid(), "for two"));
  say(segment(two->uid(), 0, "b") + segment(one->uid(), 0, "a") + segment(two->uid(), 0, "b"));
  EXPECT_TRUE(loop_.run_until([&] { return first.text == "a" && second.text == "bb"; }));
}

TEST_F(segments, bulk_is_cut_into_segments_that_the_public_package_takes) {
  begin(role::server);
  const auto stream = open();
  const std::string bulk(3'000'000, 'x');
  std::size_t sent = 0;
  EXPECT_TRUE(hear([&] {
    while (sent < bulk.size()) {
      const auto put = stream->write(as_bytes(std::string_view(bulk).substr(sent, 200'000)));
      if (put.state != net::io_state::moved) break;
      sent += put.bytes;
    }
    return heard_[stream->uid()].size() == bulk.size();
  }));
  EXPECT_EQ(heard_[stream->uid()], bulk);
}

TEST_F(segments, who_was_told_the_end_does_not_say_it) {
  begin(role::server);
  const auto stream = open();
  reader visitor(*stream);
  const std::uint32_t uid = stream->uid();
  say(segment(uid, 886, "last words"));
  EXPECT_TRUE(loop_.run_until([&] { return visitor.state == net::io_state::ended; }));
  EXPECT_EQ(visitor.text, "last words");
  EXPECT_EQ(stream->write(as_bytes("goes nowhere")).state, net::io_state::moved);
  stream->reset();
  const auto other = open();
  EXPECT_TRUE(hears(other->uid(), ""));
  EXPECT_EQ(heard_[uid], "");
}

TEST_F(segments, data_of_an_unknown_uid_is_answered_by_one_close) {
  begin(role::server);
  say(segment(77, 0, "who?") + segment(77, 0, "who?") + segment(78, 886, ""));
  const auto marker = open();
  EXPECT_TRUE(hears(marker->uid(), ""));
  EXPECT_EQ(heard_[77], "!");
  EXPECT_FALSE(heard_.contains(78));
}

TEST_F(segments, late_data_of_an_ended_uid_is_dropped) {
  begin(role::server);
  auto stream = open();
  const std::uint32_t uid = stream->uid();
  stream->reset();
  EXPECT_TRUE(hears(uid, "!"));
  say(segment(uid, 0, "too late"));
  const auto marker = open();
  EXPECT_TRUE(hears(marker->uid(), ""));
  EXPECT_EQ(heard_[uid], "!");
}

TEST_F(segments, a_visitors_half_close_is_held_back_while_bytes_come) {
  begin(role::server, {.half_close = 300ms});
  const auto stream = open();
  reader visitor(*stream);
  stream->finish();
  const steady_time from = steady_clock::now();
  steady_time said = from;
  while (said - from < 500ms) {
    said = steady_clock::now();
    say(segment(stream->uid(), 0, "."));
    EXPECT_TRUE(hears(stream->uid(), ""));
  }
  EXPECT_TRUE(hears(stream->uid(), "!"));
  EXPECT_GE(steady_clock::now() - said, 300ms);
  EXPECT_TRUE(loop_.run_until([&] { return visitor.state == net::io_state::ended; }));
  EXPECT_FALSE(visitor.text.empty());
}

TEST_F(segments, a_local_services_end_is_said_at_once) {
  begin(role::client);
  say(segment(5, 0, "hello"));
  ASSERT_TRUE(arrived_.contains(5));
  reader service(*arrived_[5]);
  service.take();
  EXPECT_EQ(service.text, "hello");
  arrived_[5]->write(as_bytes("answer"));
  arrived_[5]->finish();
  EXPECT_TRUE(hears(5, "answer!"));
  EXPECT_TRUE(loop_.run_until([&] { return service.state == net::io_state::ended; }));
}

TEST_F(segments, a_client_connects_at_an_empty_segment_and_ignores_an_unknown_close) {
  begin(role::client);
  say(segment(6, 886, "") + segment(5, 0, ""));
  EXPECT_TRUE(arrived_.contains(5));
  EXPECT_FALSE(arrived_.contains(6));
  arrived_[5]->reset();
  EXPECT_TRUE(hears(5, "!"));
  arrived_.clear();
  say(segment(5, 886, "") + segment(5, 0, "echo"));
  EXPECT_TRUE(arrived_.empty()) << "the public server's echo must not connect again";
}

TEST_F(segments, who_does_not_read_is_ended_alone) {
  begin(role::server, {.stream_buffer = 64 * 1024, .total_buffer = 512 * 1024, .stall = 300ms});
  const auto stalled = open();
  const auto lively = open();
  reader slow(*stalled);
  slow.reading = false;
  reader fast(*lively);
  const std::string bulk(30'000, 'x');
  std::string all;
  for (int i = 0; i < 10; ++i) all += segment(stalled->uid(), 0, bulk);
  const steady_time from = steady_clock::now();
  say(all + segment(lively->uid(), 0, "here"));
  EXPECT_FALSE(link_->is_reading());
  EXPECT_LE(link_->held(), 64 * 1024u);
  EXPECT_TRUE(loop_.run_until([&] { return fast.text == "here"; }));
  EXPECT_GE(steady_clock::now() - from, 300ms);
  slow.take();
  EXPECT_EQ(slow.state, net::io_state::failed);
  EXPECT_TRUE(hears(stalled->uid(), "!"));
  EXPECT_TRUE(hears(lively->uid(), ""));
  EXPECT_EQ(link_->held(), 0u);
  EXPECT_TRUE(link_->is_reading());
}

TEST_F(segments, who_takes_a_little_now_and_then_stays) {
  begin(role::server, {.stream_buffer = 64 * 1024, .total_buffer = 512 * 1024, .stall = 200ms});
  const auto stream = open();
  reader slow(*stream);
  slow.reading = false;
  std::string all;
  for (int i = 0; i < 4; ++i) all += segment(stream->uid(), 0, std::string(30'000, 'x'));
  say(all);
  const steady_time from = steady_clock::now();
  std::byte little[100];
  std::size_t taken = 0;
  while (steady_clock::now() - from < 700ms) {
    const auto got = stream->read(little);
    ASSERT_EQ(got.state, net::io_state::moved);
    taken += got.bytes.size();
    loop_.run_until([] { return false; }, 50ms);
  }
  slow.reading = true;
  slow.take();
  EXPECT_TRUE(loop_.run_until([&] {
    slow.take();
    return slow.text.size() + taken == 120'000;
  }));
}

TEST_F(segments, all_together_are_bounded) {
  begin(role::server, {.stream_buffer = 64 * 1024, .total_buffer = 100 * 1024, .stall = 300ms});
  std::vector<std::unique_ptr<segment_stream>> streams;
  std::string all;
  for (int i = 0; i < 8; ++i) {
    streams.push_back(open());
    all += segment(streams.back()->uid(), 0, std::string(30'000, 'x'));
  }
  say(all);
  EXPECT_FALSE(link_->is_reading());
  EXPECT_LE(link_->held(), 100 * 1024u);
  EXPECT_TRUE(loop_.run_until([&] { return link_->is_reading(); }));
}

TEST_F(segments, its_end_resets_every_stream) {
  begin(role::server);
  const auto stream = open();
  reader visitor(*stream);
  pair_.theirs.reset();
  EXPECT_TRUE(loop_.run_until([&] { return gone_; }));
  EXPECT_EQ(visitor.state, net::io_state::failed);
  EXPECT_EQ(link_->streams(), 0u);
  EXPECT_FALSE(link_->open());
}

TEST_F(segments, what_is_no_segment_ends_it) {
  begin(role::server);
  const auto stream = open();
  say(std::string("\x40\0\0\0\x07\0\0\0", 8));
  EXPECT_TRUE(loop_.run_until([&] { return gone_; }));
  EXPECT_NE(why_, error_code());
}

TEST_F(segments, no_more_streams_than_allowed) {
  begin(role::server, {.most_streams = 2});
  const auto one = open();
  auto two = open();
  EXPECT_EQ(link_->open().error(), errc::too_many);
  two.reset();
  EXPECT_TRUE(link_->open());
}

}  // namespace
}  // namespace frpx::link::proxylite
