// The shell of MOVE: two links in one worker, and an own connection that a test hands over.
#include "link/linked_stream.hpp"

#include <set>

#include "link/connection.hpp"
#include "tests/support/event_loop.hpp"

namespace frpx::link {
namespace {

using test::event_loop;
using test::tcp_pair;

/// Uses a stream as a relay does: takes all that comes, and lets go once both directions ended.
class user final : private net::stream::watcher {
 public:
  void take(std::unique_ptr<linked_stream> stream) {
    stream_ = std::move(stream);
    stream_->watch(this);
    on_ready({true, true, false});
  }
  void write(std::string_view text) {
    if (stream_ == nullptr || finished_) return;
    const auto sent = stream_->write(as_bytes(text));
    ASSERT_EQ(sent.state, net::io_state::moved);
    ASSERT_EQ(sent.bytes, text.size());
    written += text;
  }
  void finish() {
    if (stream_ == nullptr || std::exchange(finished_, true)) return;
    stream_->finish();
    let_go();
  }
  void take_own(net::unique_fd& fd, event_loop& loop) {
    if (stream_ == nullptr) return fd.reset();
    stream_->take_own(std::make_unique<net::socket>(loop->events(), std::move(fd)));
  }
  void drop() { stream_.reset(); }
  linked_stream* operator->() { return stream_.get(); }
  bool is_gone() const { return stream_ == nullptr; }

  std::string written;
  std::string got;
  bool ended = false;
  bool failed = false;

 private:
  void on_ready(net::stream::readiness) override {
    while (stream_ != nullptr && !ended && !failed) {
      const auto now = stream_->read(scratch_);
      got += as_text(now.bytes);
      if (now.state == net::io_state::blocked) return;
      ended = now.state == net::io_state::ended;
      failed = now.state == net::io_state::failed;
    }
    if (failed) return drop();
    let_go();
  }
  void let_go() {
    if (ended && finished_) drop();
  }

  std::unique_ptr<linked_stream> stream_;
  bool finished_ = false;
  std::array<std::byte, 4096> scratch_;
};

/// A stream between two programs' links, which is about to move.
struct moving final : private connection::observer {
  event_loop loop;
  tcp_pair wire;
  tcp_pair own;
  std::vector<std::byte> buffer = std::vector<std::byte>(64 * 1024);
  own_streams server_owns;
  own_streams client_owns;
  user visitor;
  user service;
  bool asked = false;
  std::set<const connection*> gone;
  connection server{loop.worker(), wire.take_ours(loop), role::server, {.move_after = 1000},
                    buffer,        server_owns,          *this};
  connection client{
      loop.worker(), std::make_unique<net::socket>(loop->events(), std::move(wire.theirs)),
      role::client,  {},
      buffer,        client_owns,
      *this};

  moving() {
    server.start({});
    client.start({});
    loop.settle();
    visitor.take(*server.open(stream_kind::tcp, "web", "192.0.2.1:5000"));
    loop.run_until([&] { return !service.is_gone(); });
    service.write("a service speaks first");
    loop.run_until([&] { return visitor.got == service.written; });
    visitor.write(std::string(2000, 'v'));
    loop.run_until([&] { return asked; });
    EXPECT_TRUE(asked);
  }
  ~moving() {
    visitor.drop();
    service.drop();
    server.end(goaway_code::session_over);
    client.end(goaway_code::session_over);
    loop.run_until([&] { return gone.size() == 2; });
  }
  /// Whether nothing is left of the stream on either link.
  bool is_over() const {
    return server.state().held_streams() == 0 && client.state().held_streams() == 0;
  }

 private:
  std::optional<open_status> on_link_stream(connection&, std::unique_ptr<linked_stream> stream,
                                            const open_request&) override {
    arrived_ = std::move(stream);
    loop->loop().post([this] {
      arrived_->answer(open_status::connected);
      service.take(std::move(arrived_));
    });
    return std::nullopt;
  }
  void on_link_move(connection&, linked_stream&, const uuid&) override { asked = true; }
  void on_link_gone(connection& which, error_code) override { gone.insert(&which); }

  std::unique_ptr<linked_stream> arrived_;
};

/// The moments of a move between which either side may end its direction.
enum class moment { before, server_took, client_took, settled, end };

void reach(moving& test, moment now) {
  if (now == moment::server_took) test.visitor.take_own(test.own.ours, test.loop);
  if (now == moment::client_took) test.service.take_own(test.own.theirs, test.loop);
  if (now == moment::settled) test.loop.settle();
}

TEST(linked_stream, moves_whole_whoever_ends_first_and_leaves_nothing_behind) {
  for (int row = 0; row < 2 * 4 * 4; ++row) {
    const bool frames_arrive = row % 2 == 0;
    const auto visitor_ends = static_cast<moment>(row / 2 % 4);
    const auto service_ends = static_cast<moment>(row / 8);
    SCOPED_TRACE(::testing::Message() << "visitor ends at " << static_cast<int>(visitor_ends)
                                      << ", service at " << static_cast<int>(service_ends)
                                      << (frames_arrive ? ", frames arrive between" : ""));
    moving test;
    for (auto now = moment::before; now < moment::end;
         now = static_cast<moment>(static_cast<int>(now) + 1)) {
      reach(test, now);
      test.visitor.write("from the visitor ");
      test.service.write("from the service ");
      if (visitor_ends == now) test.visitor.finish();
      if (service_ends == now) test.service.finish();
      if (frames_arrive) test.loop.settle();
    }
    EXPECT_TRUE(test.loop.run_until(
        [&] { return test.visitor.is_gone() && test.service.is_gone(); }, std::chrono::seconds(5)));
    EXPECT_TRUE(test.visitor.ended && test.service.ended);
    EXPECT_FALSE(test.visitor.failed || test.service.failed);
    EXPECT_EQ(test.visitor.got, test.service.written);
    EXPECT_EQ(test.service.got, test.visitor.written);
    EXPECT_TRUE(test.loop.run_until([&] { return test.is_over(); }, std::chrono::seconds(5)));
  }
}

TEST(linked_stream, what_was_said_before_a_reset_is_still_read) {
  moving test;
  test.visitor->watch(nullptr);  // reads later
  test.service.write("413, and no more of that");
  test.service->reset();
  test.service.drop();
  EXPECT_TRUE(test.loop.run_until([&] { return test.visitor->error().failed(); }));
  std::array<std::byte, 100> scratch;
  const auto said = test.visitor->read(scratch);
  ASSERT_EQ(said.state, net::io_state::moved);
  EXPECT_EQ(as_text(said.bytes), "413, and no more of that");
  EXPECT_EQ(test.visitor->read(scratch).state, net::io_state::failed);
  test.visitor.drop();
  EXPECT_TRUE(test.is_over());
}

TEST(linked_stream, a_lost_own_connection_resets_what_it_carried_and_nothing_is_left) {
  for (const auto cut : {moment::server_took, moment::client_took, moment::settled}) {
    SCOPED_TRACE(static_cast<int>(cut));
    moving test;
    for (auto now = moment::before; now <= cut;
         now = static_cast<moment>(static_cast<int>(now) + 1)) {
      reach(test, now);
    }
    if (cut == moment::server_took) {
      test.own.reset_theirs();
    } else {
      test.visitor->reset();
      test.visitor.drop();
    }
    EXPECT_TRUE(test.loop.run_until([&] { return test.service.failed && test.is_over(); }));
    EXPECT_TRUE(test.visitor.failed || cut != moment::server_took);
  }
}

TEST(linked_stream, the_end_of_the_session_resets_a_stream_at_each_moment_of_its_move) {
  for (int row = 0; row < 4 * 2; ++row) {
    const auto cut = static_cast<moment>(row / 2);
    SCOPED_TRACE(row);
    moving test;
    for (auto now = moment::before; now <= cut;
         now = static_cast<moment>(static_cast<int>(now) + 1)) {
      reach(test, now);
    }
    if (row % 2 == 0) {
      test.server_owns.reset_all();
      test.server.end(goaway_code::session_over);
    } else {
      test.client_owns.reset_all();
      test.client.end(goaway_code::session_over);
    }
    EXPECT_TRUE(test.loop.run_until([&] { return test.visitor.failed && test.service.failed; }));
    EXPECT_TRUE(test.is_over());
  }
}

TEST(linked_stream, a_peer_that_is_asked_gives_a_sign_of_life) {
  moving test;
  test.loop.settle();
  net::wakeup bell(test.loop->events());
  const connection::sign first(test.server, bell);
  const connection::sign second(test.server, bell);
  auto gone = std::make_unique<connection::sign>(test.server, bell);
  gone.reset();
  EXPECT_FALSE(first.came());
  EXPECT_TRUE(test.loop.run_until([&] { return first.came() && second.came(); }));
  const connection::sign third(test.server, bell);
  EXPECT_FALSE(third.came()) << "what came before says nothing";
  EXPECT_TRUE(test.loop.run_until([&] { return third.came(); }));
}

}  // namespace
}  // namespace frpx::link
