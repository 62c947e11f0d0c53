// MOVE: a stream's bulk goes on over an own connection, each direction by itself.
#include <gtest/gtest.h>

#include "tests/support/bare_link.hpp"

namespace frpx::link {
namespace {

using testing::bare_link;
using testing::end_point;
using testing::pair;
using namespace std::chrono_literals;

/// A stream open at both ends with bytes on their way in both directions.
struct moving {
  pair link;
  stream_id id = 0;

  explicit moving(std::uint64_t bytes = 400'000, std::uint64_t seed = 1) : link({}, seed) {
    link.down.delay = link.up.delay = 2ms;
    link.server.plan = link.client.plan = [bytes](end_point& end) {
      end.to_send = bytes;
      end.finish_at_end = false;
    };
    id = *link.server.open(0);
    link.run(5ms);
  }
  end_point& visitor() { return link.server.at(id); }
  end_point& service() { return link.client.at(id); }
  bool ask() {
    const bool asked = link.server->move(id, uuid::make());
    return asked && link.run_until([&] { return service().asked_to_move.has_value(); });
  }
  /// A side writes its 8 bytes; returns n.
  std::uint64_t send_half(testing::side& from) {
    const auto n = from->framed(id);
    EXPECT_TRUE(n);
    from->move_sent(id);
    from.at(id).may_send = false;
    return n.value_or(0);
  }
  void receive_half(testing::side& at, std::uint64_t n) {
    const auto now = at->move_received(id, n);
    ASSERT_TRUE(now) << now.error().message();
    at.at(id).moved = at.at(id).moved || *now == intake::moved;
    at.at(id).ended = at.at(id).ended || *now == intake::ended;
  }
};

TEST(move, carries_exactly_n_bytes_by_the_link_in_each_direction) {
  moving test;
  ASSERT_TRUE(test.ask());
  EXPECT_FALSE(test.link.server->move(test.id, uuid::make())) << "once per stream";
  ASSERT_TRUE(test.link.server->may_move(test.id));
  const std::uint64_t down = test.send_half(test.link.server);
  EXPECT_FALSE(test.link.server->may_move(test.id));
  EXPECT_TRUE(test.link.server->prepare(test.id).empty());
  test.link.run(1ms);
  test.receive_half(test.link.client, down);
  const std::uint64_t up = test.send_half(test.link.client);
  test.link.run(1ms);
  test.receive_half(test.link.server, up);
  ASSERT_TRUE(test.link.run_until([&] { return test.visitor().moved && test.service().moved; }));
  EXPECT_EQ(test.service().got, down);
  EXPECT_EQ(test.visitor().got, up);
  EXPECT_TRUE(test.visitor().exact && test.service().exact);
  test.link.settle();
  EXPECT_EQ(test.link.server->held_streams() + test.link.client->held_streams(), 0U);
  EXPECT_EQ(test.link.server->credit_ledger().used(), 0U);
  EXPECT_EQ(test.link.client->credit_ledger().used(), 0U);
  EXPECT_EQ(test.link.server->state(), phase::open);
}

TEST(move, gives_no_credit_once_n_is_known_and_waits_for_the_sink) {
  moving test;
  ASSERT_TRUE(test.ask());
  test.service().room = 0;
  test.link.run(50ms);
  const std::uint64_t n = test.send_half(test.link.server);
  test.receive_half(test.link.client, n);
  bool has_credit = false;
  test.link.up.tap = testing::frame_watch([&](const frame_header& header, bytes_view) {
    has_credit = has_credit || header.type == frame_type::credit;
  });
  test.link.settle();
  EXPECT_FALSE(test.service().moved);
  test.service().room = n;
  test.service().drain();
  test.link.settle();
  EXPECT_TRUE(test.service().moved);
  EXPECT_EQ(test.service().got, n);
  EXPECT_FALSE(has_credit);
  EXPECT_EQ(test.link.client->look(test.id)->promised, 0U);
}

TEST(move, another_frame_that_is_cut_does_not_hold_up_the_last_byte) {
  bare_link client(role::client);
  client.owner.plan = [](end_point& end) { end.finish_at_end = false; };
  client.say_open(1);
  client.say(1, frame_type::move, std::string(16, 'm'));
  client.say(1, frame_type::data, "0123");
  const auto ping = bare_link::frame(0, frame_type::ping, "12345678");
  client.say(bytes_view(ping).first(12));
  const auto known = client.owner->move_received(1, 4);
  ASSERT_TRUE(known);
  EXPECT_EQ(*known, intake::moved);
  client.owner->move_sent(1);
  client.hear();
  EXPECT_EQ(client.owner->held_streams(), 0U);
}

TEST(move, a_fin_that_waits_does_not_hold_a_moved_streams_place) {
  bare_link client(role::client, {.streams = 1});
  client.owner.plan = [](end_point& end) { end.finish_at_end = false; };
  client.say_open(1);
  client.say(1, frame_type::move, std::string(16, 'm'));
  client.hear();
  client.owner->finish(1);
  ASSERT_TRUE(client.owner->move_received(1, 0));
  client.owner->move_sent(1);
  client.say_open(2);  // the server knows of the end by the own connection
  EXPECT_EQ(client.failure(), std::nullopt);
  EXPECT_EQ(client.owner->live_streams(), 1U);
}

TEST(move, a_reset_drops_a_fin_that_is_not_waited_for) {
  bare_link client(role::client);
  client.owner.plan = [](end_point& end) { end.finish_at_end = false; };
  client.say_open(1);
  client.say(1, frame_type::move, std::string(16, 'm'));
  client.hear();
  ASSERT_EQ(client.owner->send(1, as_bytes("some bytes")), 10U);
  client.owner->finish(1);
  ASSERT_TRUE(client.owner->move_received(1, 0));
  client.owner->move_sent(1);
  client.owner->reset(1, reset_code::own_connection_lost);
  EXPECT_EQ(client.owner->held_streams(), 0U);
  EXPECT_TRUE(client.hear().empty());
}

TEST(move, under_random_schedules_no_byte_is_lost_or_doubled) {
  for (std::uint64_t seed = 1; seed <= 400; ++seed) {
    SCOPED_TRACE(seed);
    quick_random random(seed);
    moving test(random.below(300'000), seed);
    test.link.down.slice = 1 + random.below(20'000);
    test.link.up.slice = 1 + random.below(20'000);
    test.link.down.room = 1000 + random.below(100'000);
    test.link.up.room = 1000 + random.below(100'000);
    const auto pause = [&] { test.link.run(std::chrono::microseconds(random.below(6000))); };
    const auto maybe_finish = [&](testing::side& by) {
      if (random.below(5) == 0) {
        by->finish(test.id);
        by.at(test.id).may_send = false;
      }
    };
    maybe_finish(test.link.server);
    maybe_finish(test.link.client);
    if (!test.link.server->move(test.id, uuid::make())) continue;  // both ended
    pause();
    if (!test.link.server->may_move(test.id)) continue;
    const std::uint64_t down = test.send_half(test.link.server);
    pause();
    // The client may have ended the stream meanwhile only by the end of both directions.
    const auto known = test.link.client->move_received(test.id, down);
    if (known) {
      pause();
      maybe_finish(test.link.client);
    }
    if (!known || !test.link.client->framed(test.id)) {
      test.link.server->move_lost(test.id);
      test.link.settle();
      EXPECT_EQ(test.link.server->held_streams(), 0U);
    } else {
      const std::uint64_t up = test.send_half(test.link.client);
      pause();
      const auto last = test.link.server->move_received(test.id, up);
      ASSERT_TRUE(last);
      ASSERT_TRUE(test.link.run_until([&] { return test.visitor().got == up; }));
      ASSERT_TRUE(test.link.run_until([&] { return test.service().got == down; }));
    }
    test.link.settle();
    EXPECT_TRUE(test.visitor().exact && test.service().exact);
    EXPECT_EQ(test.link.server->state(), phase::open);
    EXPECT_EQ(test.link.client->state(), phase::open);
    EXPECT_EQ(test.link.server->live_streams(), test.link.client->live_streams());
  }
}

TEST(move, move_refused) {
  moving test(3'000'000);
  ASSERT_TRUE(test.ask());
  // The client cannot dial: nothing happens, and the link carries it to the end.
  ASSERT_TRUE(test.link.run_until(
      [&] { return test.visitor().got == 3'000'000 && test.service().got == 3'000'000; }));
  EXPECT_TRUE(test.visitor().exact && test.service().exact);
  EXPECT_FALSE(test.link.server->move(test.id, uuid::make()));
  EXPECT_EQ(test.link.server->state(), phase::open);
}

TEST(move, move_after_fin) {
  // FIN went by the link: n is final, and the own connection's end is not a second FIN.
  for (const bool fin_first : {true, false}) {
    moving test(100'000);
    ASSERT_TRUE(test.ask());
    ASSERT_TRUE(test.link.run_until([&] { return test.visitor().sent == 100'000; }));
    test.link.server->finish(test.id);
    if (fin_first) test.link.run(10ms);
    const std::uint64_t n = test.send_half(test.link.server);
    EXPECT_EQ(n, 100'000U);
    test.receive_half(test.link.client, n);
    test.link.settle();
    EXPECT_EQ(test.service().got, 100'000U);
    // Once it knows that the own connection goes on, that one's end is the end.
    EXPECT_TRUE(fin_first ? test.service().ended : test.service().moved);
    const std::uint64_t up = test.send_half(test.link.client);
    test.receive_half(test.link.server, up);
    test.link.settle();
    EXPECT_TRUE(test.visitor().moved);
    EXPECT_EQ(test.link.server->held_streams() + test.link.client->held_streams(), 0U);
    EXPECT_EQ(test.link.client->state(), phase::open);
  }
}

TEST(move, more_than_n_on_the_link_is_an_error) {
  for (const std::uint32_t n : {10U, 9U, 11U}) {
    bare_link client(role::client);
    client.owner.plan = [](end_point& end) { end.finish_at_end = false; };
    client.say_open(1);
    client.say(1, frame_type::data, "0123456789");
    client.say(1, frame_type::move, std::string(16, 'm'));
    const auto known = client.owner->move_received(1, n);
    if (n == 9) {
      EXPECT_EQ(known.error(), errc::misplaced_move);
      EXPECT_EQ(client.failure(), goaway_code::protocol);
      continue;
    }
    ASSERT_TRUE(known);
    EXPECT_EQ(*known, n == 10 ? intake::moved : intake::flowing);
    client.say(1, frame_type::data, "x");
    EXPECT_EQ(client.failure(), n == 10 ? std::optional(goaway_code::limit) : std::nullopt);
    if (n == 11) EXPECT_TRUE(client.owner.at(1).moved);
  }
}

TEST(move, a_fin_before_n_has_come_is_an_error) {
  bare_link client(role::client);
  client.owner.plan = [](end_point& end) { end.finish_at_end = false; };
  client.say_open(1);
  client.say(1, frame_type::move, std::string(16, 'm'));
  ASSERT_TRUE(client.owner->move_received(1, 5));
  client.say(1, frame_type::data, "1234");
  client.say(1, frame_type::fin);
  EXPECT_EQ(client.failure(), goaway_code::protocol);
}

TEST(move, the_clients_half_is_due_in_ten_seconds) {
  moving test(1000);
  ASSERT_TRUE(test.ask());
  const std::uint64_t n = test.send_half(test.link.server);
  test.receive_half(test.link.client, n);
  test.link.run(9s);
  EXPECT_EQ(test.visitor().was_reset, std::nullopt);
  test.link.run(3s);
  EXPECT_EQ(test.visitor().was_reset, reset_code::own_connection_lost);
  EXPECT_EQ(test.service().was_reset, reset_code::own_connection_lost);
  EXPECT_EQ(test.link.server->state(), phase::open);
}

TEST(move, an_own_connection_that_ends_after_both_fins_is_not_missed) {
  for (const bool fin_first : {true, false}) {
    moving test(1000);
    ASSERT_TRUE(test.ask());
    ASSERT_TRUE(test.link.run_until([&] { return test.service().got == 1000; }));
    test.link.server->finish(test.id);
    test.send_half(test.link.server);
    test.link.client->finish(test.id);
    if (fin_first) test.link.settle();
    EXPECT_EQ(test.link.server->live_streams(), 1U) << "the client may need the own connection";
    test.link.server->move_lost(test.id);
    test.link.settle();
    EXPECT_TRUE(test.visitor().ended && test.service().ended);
    EXPECT_EQ(test.link.server->held_streams() + test.link.client->held_streams(), 0U);
    test.link.run(11s);
    EXPECT_EQ(test.visitor().was_reset, std::nullopt);
  }
}

TEST(move, an_own_connection_that_is_lost_resets_what_it_should_have_carried) {
  for (const bool server_ended : {true, false}) {
    moving test(1000);
    ASSERT_TRUE(test.ask());
    if (server_ended) test.link.server->finish(test.id);
    test.send_half(test.link.server);
    test.link.settle();
    test.link.server->move_lost(test.id);
    test.service().to_send += 5;  // what it still says
    test.service().pump();
    test.link.run(server_ended ? 9s : 500ms);
    EXPECT_EQ(test.visitor().was_reset, std::nullopt);
    EXPECT_EQ(test.visitor().got, 1005U);
    test.link.run(2s);
    EXPECT_EQ(test.visitor().was_reset, reset_code::own_connection_lost);
    EXPECT_EQ(test.service().was_reset, reset_code::own_connection_lost);
    EXPECT_EQ(test.link.server->held_streams() + test.link.client->held_streams(), 0U);
  }
}

TEST(move, is_not_asked_of_a_client_whose_direction_has_ended) {
  moving test(1000);
  ASSERT_TRUE(test.link.run_until([&] { return test.visitor().got == 1000; }));
  test.link.client->finish(test.id);
  test.link.settle();
  EXPECT_FALSE(test.link.server->move(test.id, uuid::make()));
}

TEST(move, no_reset_on_the_link_for_a_stream_that_has_left_it) {
  moving test(0);
  ASSERT_TRUE(test.ask());
  test.receive_half(test.link.client, test.send_half(test.link.server));
  test.receive_half(test.link.server, test.send_half(test.link.client));
  test.link.settle();
  std::size_t frames = 0;
  test.link.down.tap = testing::frame_watch([&](const frame_header&, bytes_view) { ++frames; });
  test.link.server->reset(test.id, reset_code::cancelled);
  test.link.flush();
  EXPECT_EQ(frames, 0U);
}

/// The steps of a move; the link dies after each.
enum class stage { asked, server_sent, client_knows, client_sent, server_knows };

TEST(move, move_link_dies) {
  struct row {
    stage at;
    bool all_arrived;  ///< The bytes that the link carries are all here when it dies.
    bool server_keeps, client_keeps;
  };
  // A side keeps the stream only if its sending is moved and its receiving is complete.
  const std::vector<row> rows{
      {stage::asked, true, false, false},        {stage::asked, false, false, false},
      {stage::server_sent, true, false, false},  {stage::server_sent, false, false, false},
      {stage::client_knows, true, false, false}, {stage::client_knows, false, false, false},
      {stage::client_sent, true, false, true},   {stage::client_sent, false, false, false},
      {stage::server_knows, true, true, true},   {stage::server_knows, false, false, false},
  };
  for (const row& each : rows) {
    SCOPED_TRACE(::testing::Message() << static_cast<int>(each.at) << each.all_arrived);
    moving test(50'000);
    ASSERT_TRUE(test.ask());
    ASSERT_TRUE(test.link.run_until([&] { return test.service().got == 50'000; }));
    if (!each.all_arrived) {
      for (testing::side* by : {&test.link.server, &test.link.client}) {
        by->at(test.id).to_send = 60'000;
        by->at(test.id).pump();  // these never arrive
      }
    }
    std::uint64_t n = 0;
    if (each.at >= stage::server_sent) n = test.send_half(test.link.server);
    if (each.at >= stage::client_knows) test.receive_half(test.link.client, n);
    if (each.at >= stage::client_sent) n = test.send_half(test.link.client);
    if (each.at >= stage::server_knows) test.receive_half(test.link.server, n);
    test.link.server->lost(test.link.now);
    test.link.client->lost(test.link.now);
    EXPECT_EQ(!test.visitor().was_reset, each.server_keeps);
    EXPECT_EQ(!test.service().was_reset, each.client_keeps);
    EXPECT_EQ(test.link.server->held_streams() + test.link.client->held_streams(), 0U);
  }
}

TEST(move, a_stream_that_is_whole_but_for_a_slow_sink_outlives_the_link) {
  moving test(50'000);
  ASSERT_TRUE(test.ask());
  ASSERT_TRUE(test.link.run_until([&] { return test.visitor().got == 50'000; }));
  test.service().room = 0;
  test.visitor().to_send = 60'000;
  test.visitor().pump();
  test.link.settle();
  test.receive_half(test.link.client, test.send_half(test.link.server));
  test.send_half(test.link.client);
  test.link.client->lost(test.link.now);
  EXPECT_EQ(test.service().was_reset, std::nullopt);
  EXPECT_EQ(test.link.client->held_streams(), 1U);
  test.service().room = 100'000;
  test.service().drain();
  EXPECT_TRUE(test.service().moved && test.service().exact);
  EXPECT_EQ(test.service().got, 60'000U);
  EXPECT_EQ(test.link.client->held_streams(), 0U);
}

TEST(move, a_drained_link_may_end_before_the_last_eight_bytes_are_read) {
  for (const bool is_complete : {true, false}) {
    moving test(0);
    ASSERT_TRUE(test.ask());
    test.link.server->goaway(goaway_code::drain);
    test.receive_half(test.link.client, test.send_half(test.link.server));
    const std::uint64_t up = test.send_half(test.link.client);
    test.link.settle();
    ASSERT_EQ(test.link.client->state(), phase::shut);
    test.link.server->end_of_input(test.link.now);
    EXPECT_FALSE(test.link.server.closings.at(0));
    EXPECT_EQ(test.visitor().was_reset, std::nullopt);
    const auto known = test.link.server->move_received(test.id, up + (is_complete ? 0 : 1));
    EXPECT_EQ(known.has_value(), is_complete);
    EXPECT_EQ(test.link.server->held_streams(), 0U);
  }
}

}  // namespace
}  // namespace frpx::link
