// The shell of a link: how much of what a peer sends is taken at once.
#include "link/connection.hpp"

#include <map>

#include "tests/support/bare_link.hpp"
#include "tests/support/event_loop.hpp"

namespace frpx::link {
namespace {

using testing::bare_link;

/// A client's link, and the server that a test plays; counts the bytes of its one stream by turns.
struct flooded final : private connection::observer, private net::stream::watcher {
  test::event_loop loop;
  test::tcp_pair wire;
  std::vector<std::byte> buffer = std::vector<std::byte>(256 * 1024);
  own_streams owns;
  connection link{loop.worker(), wire.take_ours(loop), role::client, {}, buffer, owns, *this};
  std::unique_ptr<linked_stream> stream;
  std::map<std::uint32_t, std::size_t> bytes_in;  // each turn
  std::size_t bytes = 0;
  bool gone = false;

  flooded() {
    say(bare_link::frame(0, frame_type::ping, std::string(8, 'p')));
    link.start({});
  }
  ~flooded() {
    stream.reset();
    link.end(goaway_code::session_over);
    EXPECT_TRUE(loop.run_until([this] { return gone; }));
  }

  void say(bytes_view frames) {
    while (!frames.empty()) {
      const ssize_t sent = ::send(wire.theirs.get(), frames.data(), frames.size(), MSG_NOSIGNAL);
      if (sent > 0) {
        frames = frames.subspan(static_cast<std::size_t>(sent));
      } else {
        loop.settle();
      }
    }
  }

 private:
  std::optional<open_status> on_link_stream(connection&, std::unique_ptr<linked_stream> opened,
                                            const open_request&) override {
    stream = std::move(opened);
    stream->watch(this);
    return open_status::connected;
  }
  void on_link_gone(connection&, error_code) override { gone = true; }
  void on_ready(net::stream::readiness) override {
    std::byte scratch[4096];
    for (;;) {
      const auto got = stream->read(scratch);
      if (got.state != net::io_state::moved) return;
      bytes_in[loop->events().turn()] += got.bytes.size();
      bytes += got.bytes.size();
    }
  }
};

TEST(connection, takes_a_share_of_a_flood_of_small_frames_in_each_turn_and_all_of_it_in_the_end) {
  constexpr std::size_t count = 10'000;
  flooded client;
  std::array<std::byte, longest_control> open;
  client.say({open.data(), write_open({1, stream_kind::tcp, 100, "a", "b"}, open.data())});
  std::vector<std::byte> flood;
  for (std::size_t i = 0; i < count; ++i) {
    const auto one = bare_link::frame(1, frame_type::data, "x");
    flood.insert(flood.end(), one.begin(), one.end());
  }
  client.say(flood);
  ASSERT_TRUE(client.loop.run_until([&] { return client.bytes == count; }));
  for (const auto& [turn, bytes] : client.bytes_in) EXPECT_LE(bytes, 2048u);
}

}  // namespace
}  // namespace frpx::link
