// The state table of docs/link.md, cell by cell, from both sides.
#include <gtest/gtest.h>

#include "tests/support/bare_link.hpp"

namespace frpx::link {
namespace {

using testing::bare_link;

enum class column { awaiting, connecting, open, after_fin, ended, beyond };
enum class outcome { error, keep, take, end_of_direction, end, add, subtract, drop, opens, dial };

struct cell {
  role side;  ///< Who receives the frame.
  frame_type arriving;
  column in;
  outcome then;
};

constexpr frame_type data = frame_type::data, fin = frame_type::fin, rst = frame_type::rst,
                     credit = frame_type::credit, give_back = frame_type::give_back,
                     opened = frame_type::opened, move = frame_type::move;

const std::vector<cell> table{
    {role::server, data, column::awaiting, outcome::error},
    {role::server, fin, column::awaiting, outcome::error},
    {role::server, rst, column::awaiting, outcome::end},
    {role::server, credit, column::awaiting, outcome::error},
    {role::server, give_back, column::awaiting, outcome::error},
    {role::server, opened, column::awaiting, outcome::opens},
    {role::server, move, column::awaiting, outcome::error},
    {role::client, data, column::connecting, outcome::keep},
    {role::client, fin, column::connecting, outcome::keep},
    {role::client, rst, column::connecting, outcome::end},
    {role::client, credit, column::connecting, outcome::add},
    {role::client, give_back, column::connecting, outcome::subtract},
    {role::client, opened, column::connecting, outcome::error},
    {role::client, move, column::connecting, outcome::error},
    {role::server, data, column::open, outcome::take},
    {role::server, fin, column::open, outcome::end_of_direction},
    {role::server, rst, column::open, outcome::end},
    {role::server, credit, column::open, outcome::add},
    {role::server, give_back, column::open, outcome::subtract},
    {role::server, opened, column::open, outcome::error},
    {role::server, move, column::open, outcome::error},
    {role::client, data, column::open, outcome::take},
    {role::client, fin, column::open, outcome::end_of_direction},
    {role::client, rst, column::open, outcome::end},
    {role::client, credit, column::open, outcome::add},
    {role::client, give_back, column::open, outcome::subtract},
    {role::client, opened, column::open, outcome::error},
    {role::client, move, column::open, outcome::dial},
    {role::server, data, column::after_fin, outcome::error},
    {role::server, fin, column::after_fin, outcome::error},
    {role::server, rst, column::after_fin, outcome::end},
    {role::server, credit, column::after_fin, outcome::drop},
    {role::server, give_back, column::after_fin, outcome::drop},
    {role::server, opened, column::after_fin, outcome::error},
    {role::client, data, column::after_fin, outcome::error},
    {role::client, fin, column::after_fin, outcome::error},
    {role::client, rst, column::after_fin, outcome::end},
    {role::client, credit, column::after_fin, outcome::drop},
    {role::client, give_back, column::after_fin, outcome::drop},
    {role::client, move, column::after_fin, outcome::dial},
    {role::server, data, column::ended, outcome::drop},
    {role::server, fin, column::ended, outcome::drop},
    {role::server, rst, column::ended, outcome::drop},
    {role::server, credit, column::ended, outcome::drop},
    {role::server, give_back, column::ended, outcome::drop},
    {role::server, opened, column::ended, outcome::drop},
    {role::client, data, column::ended, outcome::drop},
    {role::client, fin, column::ended, outcome::drop},
    {role::client, rst, column::ended, outcome::drop},
    {role::client, credit, column::ended, outcome::drop},
    {role::client, give_back, column::ended, outcome::drop},
    {role::client, move, column::ended, outcome::drop},
    {role::server, data, column::beyond, outcome::error},
    {role::server, fin, column::beyond, outcome::error},
    {role::server, rst, column::beyond, outcome::error},
    {role::server, credit, column::beyond, outcome::error},
    {role::server, give_back, column::beyond, outcome::error},
    {role::server, opened, column::beyond, outcome::error},
    {role::client, data, column::beyond, outcome::error},
    {role::client, fin, column::beyond, outcome::error},
    {role::client, rst, column::beyond, outcome::error},
    {role::client, credit, column::beyond, outcome::error},
    {role::client, give_back, column::beyond, outcome::error},
    {role::client, move, column::beyond, outcome::error},
};

constexpr std::uint32_t amount = 100;

std::string payload_of(frame_type type) {
  switch (type) {
    case data:
      return "abc";
    case rst:
      return bare_link::number(2);
    case credit:
    case give_back:
      return bare_link::number(amount);
    case opened:
      return std::string(1, '\0') + bare_link::number(0);
    case move:
      return std::string(16, 'm');
    default:
      return {};
  }
}

/// Brings stream 1 of `link` into the column's state. "After its FIN" is both at once: the frames
/// that CREDIT feeds are ours, the others are the peer's.
void prepare(bare_link& link, const cell& at) {
  const bool is_server = at.side == role::server;
  if (at.in == column::beyond) return;
  link.owner.plan = [](testing::end_point& end) { end.finish_at_end = false; };
  if (is_server) {
    ASSERT_TRUE(link.owner.open(0));
  } else {
    if (at.in == column::connecting) link.owner.answer_with.reset();
    link.say_open(1);
  }
  link.hear();
  if (at.in == column::awaiting || at.in == column::connecting) return;
  if (is_server) link.say_opened(1);
  if (at.in == column::after_fin) {
    if (at.arriving == credit) {
      link.owner->finish(1);
    } else {
      link.say(1, fin);
    }
  }
  if (at.in == column::ended) link.owner->reset(1, reset_code::cancelled);
  link.hear();
}

void expect_outcome(bare_link& link, const cell& at, const std::optional<account>& before) {
  testing::side& owner = link.owner;
  const auto after = owner->look(1);
  switch (at.then) {
    case outcome::error:
      break;
    case outcome::keep:
      ASSERT_TRUE(after);
      EXPECT_EQ(owner.at(1).got, 0U);
      EXPECT_FALSE(owner.at(1).ended);
      EXPECT_EQ(owner->opened(1, open_status::connected),
                at.arriving == fin ? intake::ended : intake::flowing);
      break;
    case outcome::take:
      EXPECT_EQ(owner.at(1).got, 3U);
      break;
    case outcome::end_of_direction:
      EXPECT_TRUE(owner.at(1).ended && after);
      break;
    case outcome::end:
      EXPECT_FALSE(after);
      EXPECT_EQ(owner.at(1).was_reset, reset_code::deadline);
      break;
    case outcome::add:
      EXPECT_EQ(after->credit, before->credit + amount);
      break;
    case outcome::subtract:
      EXPECT_EQ(after->window, before->window - amount);
      break;
    case outcome::drop:
      EXPECT_EQ(after.has_value(), before.has_value());
      if (after) EXPECT_EQ(after->credit, before->credit);
      if (after) EXPECT_EQ(after->promised, before->promised);
      break;
    case outcome::opens:
      EXPECT_EQ(owner.at(1).status, open_status::connected);
      break;
    case outcome::dial:
      EXPECT_TRUE(owner.at(1).asked_to_move);
      break;
  }
}

TEST(state_table, every_cell_is_as_the_page_says) {
  ASSERT_EQ(table.size(), 64U);
  for (const cell& at : table) {
    SCOPED_TRACE(::testing::Message()
                 << (at.side == role::server ? "server" : "client") << ", type "
                 << static_cast<int>(at.arriving) << ", column " << static_cast<int>(at.in));
    bare_link link(at.side);
    prepare(link, at);
    const auto before = link.owner->look(1);
    link.say(1, at.arriving, payload_of(at.arriving));
    if (at.then == outcome::error) {
      EXPECT_EQ(link.owner->state(), phase::closing);
      EXPECT_EQ(link.failure(), goaway_code::protocol);
      EXPECT_EQ(link.owner->state(), phase::closed);
      ASSERT_EQ(link.owner.closings.size(), 1U);
      EXPECT_EQ(link.owner.closings[0], errc::protocol);
    } else {
      expect_outcome(link, at, before);
      EXPECT_EQ(link.failure(), std::nullopt);
      EXPECT_EQ(link.owner->state(), phase::open);
    }
  }
}

TEST(state_table, open_is_for_the_client_and_counts_up_without_gaps) {
  bare_link server(role::server);
  server.say_open(1);
  EXPECT_EQ(server.failure(), goaway_code::protocol);
  for (const stream_id wrong : {2U, 7U}) {
    bare_link client(role::client);
    client.say_open(wrong);
    EXPECT_EQ(client.failure(), goaway_code::protocol) << wrong;
  }
  bare_link client(role::client);
  client.say_open(1);
  client.say_open(2);
  EXPECT_EQ(client.failure(), std::nullopt);
  client.say_open(2);
  EXPECT_EQ(client.failure(), goaway_code::protocol);
}

TEST(state_table, a_client_speaks_after_the_first_ping_only_and_hears_nothing_before_it) {
  steady_time now{};
  testing::side client(role::client, {}, now);
  std::array<iovec, 12> parts;
  client->goaway(goaway_code::drain);
  EXPECT_EQ(client->gather(parts, now), 0U);
  std::array<std::byte, longest_control> open;
  client->receive({open.data(), write_open({1, stream_kind::tcp, 100, "a", "b"}, open.data())},
                  now);
  EXPECT_EQ(client->state(), phase::closed);
  EXPECT_EQ(client.closings.at(0), errc::protocol);
}

TEST(state_table, udp_streams_have_no_bytes_and_no_credit) {
  for (const frame_type type : {data, fin, credit, give_back, move}) {
    bare_link client(role::client);
    client.say_open(1, stream_kind::udp, 0);
    client.say(1, type, payload_of(type));
    EXPECT_EQ(client.failure(), goaway_code::protocol) << static_cast<int>(type);
  }
  bare_link client(role::client);
  client.say_open(1, stream_kind::udp, 0);
  client.say(1, frame_type::datagram, "");
  client.say(1, frame_type::datagram, "one");
  EXPECT_EQ(client.owner.at(1).datagrams, 2);
  EXPECT_EQ(client.failure(), std::nullopt);
  client.say_open(2);
  client.say(2, frame_type::datagram, "one");
  EXPECT_EQ(client.failure(), goaway_code::protocol);
}

TEST(state_table, amounts_have_bounds) {
  constexpr std::uint32_t most = 16 << 20;
  struct attempt {
    frame_type type;
    std::uint32_t value;
    std::optional<goaway_code> then;
  };
  const std::uint32_t given = 262'144;
  for (const attempt& each :
       {attempt{credit, 0, goaway_code::protocol}, attempt{credit, 1, {}},
        attempt{credit, most - given, {}}, attempt{credit, most - given + 1, goaway_code::limit},
        attempt{credit, 0xffff'ffff, goaway_code::limit},
        attempt{give_back, 0, goaway_code::protocol}, attempt{give_back, given, {}},
        attempt{give_back, given + 1, goaway_code::limit}}) {
    bare_link client(role::client);
    client.say_open(1, stream_kind::tcp, given);
    ASSERT_EQ(client.owner->look(1)->window, given);
    client.say(1, each.type, bare_link::number(each.value));
    EXPECT_EQ(client.failure(), each.then) << static_cast<int>(each.type) << " " << each.value;
  }
  bare_link first(role::client);
  first.say_open(1, stream_kind::tcp, most + 1);
  EXPECT_EQ(first.failure(), goaway_code::protocol);
}

TEST(state_table, early_bytes_are_bounded) {
  for (const std::size_t over : {0U, 1U}) {
    bare_link client(role::client, {.early = 16'384});
    client.owner.answer_with.reset();
    client.say_open(1);
    client.say(1, data, std::string(16'384 + over, 'x'));
    EXPECT_EQ(client.failure(), over == 0 ? std::nullopt : std::optional(goaway_code::limit));
  }
}

TEST(state_table, one_open_beyond_the_streams_is_an_error) {
  bare_link client(role::client, {.streams = 3});
  for (stream_id id = 1; id <= 3; ++id) client.say_open(id);
  EXPECT_EQ(client.failure(), std::nullopt);
  client.say_open(4);
  EXPECT_EQ(client.failure(), goaway_code::limit);
}

TEST(state_table, a_reset_of_an_ended_stream_drops_what_still_waits) {
  bare_link client(role::client, {.streams = 1});
  client.owner.plan = [](testing::end_point& end) { end.to_send = 1000; };
  client.say_open(1);
  client.say(1, fin);
  client.owner.at(1).pump();  // DATA and FIN wait: ended here, but not for the server
  EXPECT_FALSE(client.owner->look(1));
  client.say(1, rst, payload_of(rst));
  EXPECT_TRUE(client.owner.at(1).ended);
  EXPECT_EQ(client.owner.at(1).was_reset, std::nullopt);
  client.say_open(2);
  EXPECT_EQ(client.owner->state(), phase::open);
  for (const auto& each : client.hear()) {
    EXPECT_TRUE(each.header.stream == 2 || each.header.type == opened ||
                each.header.type == frame_type::ping || each.header.type == frame_type::pong);
  }
}

TEST(state_table, a_reset_makes_room_though_a_frame_is_partly_written) {
  bare_link client(role::client, {.streams = 1});
  client.owner.plan = [](testing::end_point& end) { end.to_send = 1000; };
  client.say_open(1);
  client.owner.at(1).pump();
  std::array<iovec, 12> parts;
  ASSERT_GE(client.owner->gather(parts, client.now), 2U);
  client.owner->wrote(parts[0].iov_len + 10);  // OPENED, and a piece of the DATA
  client.say(1, rst, payload_of(rst));
  client.say_open(2);
  EXPECT_EQ(client.failure(), std::nullopt);
  EXPECT_EQ(client.owner->live_streams(), 1U);
  client.say_open(3);
  EXPECT_EQ(client.failure(), goaway_code::limit);
}

}  // namespace
}  // namespace frpx::link
