// Datagrams on a link: boundaries, order, and what is lost when there is no room.
#include <gtest/gtest.h>

#include "tests/support/bare_link.hpp"

namespace frpx::link {
namespace {

using testing::bare_link;
using testing::pair;
using namespace std::chrono_literals;

constexpr std::size_t prefix = 2;  // of a datagram that waits

std::string numbered(std::size_t number, std::size_t size) {
  std::string text = std::to_string(number) + " ";
  text.resize(std::max(size, text.size()), '.');
  return text;
}

/// A udp stream whose connection takes nothing but what stands in the outbox already.
struct choked {
  pair link;
  stream_id id = 0;

  choked() {
    link.down.room = 0;
    id = *link.server.open(0, stream_kind::udp);
  }
  std::uint64_t dropped() { return link.server->counters().datagrams_dropped; }
  bool send(std::string_view text) { return link.server->send_datagram(id, as_bytes(text)); }
  /// Fills the outbox, so that what comes now waits in the stream's queue; returns how many it
  /// took.
  int fill() {
    int taken = 0;
    for (; taken < 5; ++taken) EXPECT_TRUE(send(std::string(65'507, 'o')));
    return taken;
  }
  const std::vector<std::string>& arrive() {
    link.down.room = 512 * 1024;
    link.run(5s);
    return link.client.at(id).datagram_texts;
  }
};

TEST(datagrams, arrive_as_they_were_sent_both_ways) {
  pair link;
  link.down.slice = link.up.slice = 700;
  const stream_id id = *link.server.open(0, stream_kind::udp);
  std::vector<std::string> sent;
  for (const std::size_t size : {0u, 1u, 2u, 1420u, 8000u, 65'506u, 65'507u, 0u}) {
    sent.push_back(std::string(size, static_cast<char>('a' + sent.size())));
    EXPECT_TRUE(link.server->send_datagram(id, as_bytes(sent.back())));
    link.run(1s);
    EXPECT_TRUE(link.client->send_datagram(id, as_bytes(sent.back())));
    link.run(1s);
  }
  EXPECT_EQ(link.client.at(id).datagram_texts, sent);
  EXPECT_EQ(link.server.at(id).datagram_texts, sent);
}

TEST(datagrams, one_past_the_longest_is_refused) {
  choked at;
  EXPECT_FALSE(at.send(std::string(65'508, 'x')));
  EXPECT_TRUE(at.arrive().empty());
}

TEST(datagrams, a_full_queue_drops_the_oldest_and_counts_it) {
  choked at;
  const int ahead = at.fill();
  constexpr std::size_t size = 1024 - prefix;
  EXPECT_TRUE(at.send(numbered(0, size)));
  at.link.run(60ms);
  for (std::size_t i = 1; i < 64; ++i) EXPECT_TRUE(at.send(numbered(i, size)));
  EXPECT_EQ(at.dropped(), 0u);  // 64 KiB to the byte
  EXPECT_TRUE(at.send(""));
  EXPECT_EQ(at.dropped(), 1u);
  for (std::size_t i = 64; i < 164; ++i) EXPECT_TRUE(at.send(numbered(i, size)));
  EXPECT_EQ(at.dropped(), 101u);
  const auto& got = at.arrive();
  ASSERT_EQ(got.size(), static_cast<std::size_t>(ahead) + 64u);
  EXPECT_EQ(got[static_cast<std::size_t>(ahead)], numbered(100, size));  // and the empty one went
  EXPECT_EQ(got.back(), numbered(163, size));
  EXPECT_EQ(at.dropped(), 101u);
}

TEST(datagrams, a_burst_is_kept_until_it_has_waited_too_long) {
  choked at;
  at.fill();
  constexpr std::size_t size = 1024 - prefix;
  for (std::size_t i = 0; i < 1024; ++i) EXPECT_TRUE(at.send(numbered(i, size)));
  EXPECT_EQ(at.dropped(), 0u);  // 1 MiB to the byte
  EXPECT_TRUE(at.send(numbered(1024, size)));
  EXPECT_EQ(at.dropped(), 1u);
  at.link.run(60ms);
  EXPECT_TRUE(at.send(numbered(1025, size)));
  EXPECT_EQ(at.dropped(), 1025u - 63u) << "64 KiB are left";
  EXPECT_EQ(at.arrive().back(), numbered(1025, size));
  at.link.down.room = 0;
  at.fill();
  for (std::size_t i = 0; i < 1024; ++i) at.send(numbered(i, size));
  EXPECT_EQ(at.dropped(), 1025u - 63u) << "the queue was empty in between";
}

TEST(datagrams, the_longest_takes_the_whole_queue) {
  choked at;
  const int ahead = at.fill();
  for (std::size_t i = 0; i < 10; ++i) at.send(numbered(i, 100));
  at.link.run(60ms);
  EXPECT_TRUE(at.send(std::string(65'507, 'l')));
  EXPECT_EQ(at.dropped(), 10u);
  EXPECT_EQ(at.arrive().size(), static_cast<std::size_t>(ahead) + 1u);
}

TEST(datagrams, a_full_link_drops_what_has_waited_longest_of_all) {
  choked at;
  at.fill();
  pair& link = at.link;
  std::vector<stream_id> many;
  // 64 queues of 64 KiB are the link's 4 MiB.
  for (int i = 0; i < 64; ++i) {
    many.push_back(*link.server.open(0, stream_kind::udp));
    for (std::size_t k = 0; k < 64; ++k) {
      link.server->send_datagram(many.back(), as_bytes(numbered(k, 1024 - prefix)));
    }
  }
  EXPECT_EQ(at.dropped(), 0u);
  const std::size_t full = link.server->held_bytes();
  const stream_id late = *link.server.open(0, stream_kind::udp);
  EXPECT_TRUE(link.server->send_datagram(late, as_bytes(numbered(0, 1024 - prefix))));
  EXPECT_EQ(at.dropped(), 1u);
  for (int round = 0; round < 100; ++round) {
    for (const stream_id id : many) {
      link.server->send_datagram(id, as_bytes(numbered(64, 1024 - prefix)));
    }
  }
  EXPECT_LE(link.server->held_bytes(), full + 64 * 1024);
  at.arrive();
  EXPECT_EQ(link.client.at(late).datagram_texts,
            std::vector<std::string>{numbered(0, 1024 - prefix)});
}

TEST(datagrams, a_flood_leaves_the_other_streams_their_turns) {
  pair link;
  link.down.rate = 1'000'000;
  link.server.plan = [](testing::end_point& end) { end.to_send = 300'000; };
  const stream_id flood = *link.server.open(0, stream_kind::udp);
  link.after_step = [&] {
    for (int i = 0; i < 50; ++i) {
      link.server->send_datagram(flood, as_bytes(numbered(0, 1200)));
    }
  };
  const stream_id web = *link.server.open(300'000);
  EXPECT_TRUE(link.run_until([&] { return link.client.got(web) == 300'000; }, 5s));
  EXPECT_GT(link.server->counters().datagrams_dropped, 0u);
  EXPECT_GT(link.client.at(flood).datagrams, 100);
}

TEST(datagrams, those_of_an_ended_stream_give_their_room_back) {
  choked at;
  at.fill();
  for (int round = 0; round < 200; ++round) {
    const stream_id id = *at.link.server.open(0, stream_kind::udp);
    for (int i = 0; i < 60; ++i) {
      at.link.server->send_datagram(id, as_bytes(numbered(0, 1022)));
    }
    at.link.server->reset(id, reset_code::cancelled);
    EXPECT_FALSE(at.link.server->send_datagram(id, as_bytes("late")));
  }
  EXPECT_EQ(at.dropped(), 0u);
}

TEST(datagrams, udp_streams_have_a_limit_of_their_own) {
  const options how{.streams = 1, .associations = 3};
  pair link(how);
  EXPECT_TRUE(link.server.open(10));
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(link.server.open(0, stream_kind::udp));
  EXPECT_EQ(link.server.open(0, stream_kind::udp).error(), errc::too_many);
  EXPECT_EQ(link.server.open(10).error(), errc::too_many);
  link.server->reset(2, reset_code::cancelled);
  link.run(1s);
  EXPECT_TRUE(link.server.open(0, stream_kind::udp));
  link.run(1s);
  EXPECT_EQ(link.client->state(), phase::open);

  bare_link client(role::client, {.associations = 1});
  client.say_open(1, stream_kind::udp, 0);
  EXPECT_EQ(client.failure(), std::nullopt);
  client.say_open(2, stream_kind::udp, 0);
  EXPECT_EQ(client.failure(), goaway_code::limit);
}

TEST(datagrams, a_refused_stream_ends_and_what_was_sent_is_dropped) {
  pair link;
  link.client.answer_with = open_status::unknown_service;
  const stream_id id = *link.server.open(0, stream_kind::udp);
  EXPECT_TRUE(link.server->send_datagram(id, as_bytes("hello")));
  link.run(1s);
  EXPECT_EQ(link.server.at(id).status, open_status::unknown_service);
  EXPECT_FALSE(link.server->send_datagram(id, as_bytes("again")));
  EXPECT_EQ(link.server->live_streams(), 0u);
}

}  // namespace
}  // namespace frpx::link
