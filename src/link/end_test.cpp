// How links end: drained, failed, lost; and what their streams hear of it.
#include <gtest/gtest.h>

#include "tests/support/bare_link.hpp"

namespace frpx::link {
namespace {

using testing::bare_link;
using testing::end_point;
using testing::pair;
using namespace std::chrono_literals;

TEST(end, a_client_that_drains_finishes_what_is_open) {
  pair link;
  link.down.delay = link.up.delay = 5ms;
  link.client.plan = [](end_point& end) { end.to_send = 2'000'000; };
  const auto open = link.server.open(100);
  link.run(20ms);
  link.client->goaway(goaway_code::drain);
  link.flush();
  const auto crossing = link.server.open(100);  // on its way when the GOAWAY is
  ASSERT_TRUE(crossing);
  link.run(12ms);
  EXPECT_FALSE(link.server->accepting());
  EXPECT_EQ(link.server.open(100).error(), errc::draining);
  EXPECT_EQ(link.server.goaways, std::vector{goaway_code::drain});
  EXPECT_EQ(link.server.at(*crossing).status, open_status::draining);
  ASSERT_TRUE(link.run_until([&] { return link.server->state() == phase::shut; }));
  EXPECT_EQ(link.server.at(*open).got, 2'000'000U);
  EXPECT_TRUE(link.server.at(*open).exact);
  ASSERT_TRUE(link.run_until([&] { return link.client->state() == phase::shut; }));
  link.server->end_of_input(link.now);
  link.client->end_of_input(link.now);
  for (testing::side* each : {&link.server, &link.client}) {
    EXPECT_EQ((*each)->state(), phase::closed);
    ASSERT_EQ(each->closings.size(), 1U);
    EXPECT_FALSE(each->closings[0]);
  }
}

TEST(end, a_shut_link_waits_two_seconds_for_the_other_end) {
  pair link;
  link.server->goaway(goaway_code::drain);
  link.settle();
  ASSERT_EQ(link.server->state(), phase::shut);
  EXPECT_LE(link.server->close_by() - link.now, 2s);
  link.run(3s);
  EXPECT_EQ(link.server->state(), phase::closed);
  ASSERT_EQ(link.server.closings.size(), 1U);
  EXPECT_FALSE(link.server.closings[0]);
}

TEST(end, end_of_file_at_any_other_time_is_death) {
  pair link;
  link.client.plan = [](end_point& end) { end.to_send = 1000; };
  link.server.plan = [](end_point& end) { end.finish_at_end = false; };
  const auto id = link.server.open(100);
  link.settle();
  link.server->end_of_input(link.now);
  EXPECT_EQ(link.server->state(), phase::closed);
  EXPECT_EQ(link.server.closings.at(0), errc::lost);
  EXPECT_EQ(link.server.at(*id).was_reset, reset_code::link_lost);
  EXPECT_EQ(link.server->held_streams(), 0U);
  EXPECT_EQ(link.server.open(1).error(), errc::closed);
  link.client->lost(link.now);
  EXPECT_EQ(link.client.at(*id).was_reset, reset_code::link_lost);
  EXPECT_EQ(link.client.closings.at(0), errc::lost);
}

TEST(end, bytes_that_came_with_their_end_outlive_the_link) {
  pair link;
  link.client.plan = [](end_point& end) { end.to_send = 1000; };
  link.server.plan = [](end_point& end) { end.room = 0; };
  const auto id = link.server.open(100);
  link.settle();
  ASSERT_EQ(link.server->live_streams(), 0U);
  ASSERT_EQ(link.server->held_streams(), 1U);
  link.server->lost(link.now);
  EXPECT_EQ(link.server.at(*id).was_reset, std::nullopt);
  link.server.at(*id).room = 1000;
  link.server.at(*id).drain();
  EXPECT_TRUE(link.server.at(*id).ended && link.server.at(*id).exact);
  EXPECT_EQ(link.server.at(*id).got, 1000U);
  EXPECT_EQ(link.server->held_streams(), 0U);
  EXPECT_EQ(link.server->credit_ledger().used(), 0U);
}

TEST(end, a_session_that_ends_resets_every_stream_on_both_sides) {
  pair link;
  link.server.plan = [](end_point& end) { end.finish_at_end = false; };
  for (int i = 0; i < 10; ++i) ASSERT_TRUE(link.server.open(100));
  link.settle();
  link.down.room = 0;
  link.server->goaway(goaway_code::session_over);
  link.flush();
  EXPECT_EQ(link.server->state(), phase::closing);
  EXPECT_EQ(link.server->close_by() - link.now, 1s);
  EXPECT_TRUE(link.server.closings.empty());
  link.down.room = 1 << 20;
  link.settle();
  for (testing::side* each : {&link.server, &link.client}) {
    EXPECT_EQ(each->closings.at(0), errc::session_over);
    for (const auto& [id, end] : each->ends) EXPECT_EQ(end->was_reset, reset_code::link_lost);
    EXPECT_EQ((*each)->held_streams(), 0U);
  }
  EXPECT_EQ(link.client->state(), phase::closed);
  EXPECT_EQ(link.server->state(), phase::closed);
  EXPECT_EQ(link.server.closings.size(), 1U);
}

TEST(end, a_last_goaway_that_nobody_reads_is_waited_for_a_second) {
  pair link;
  link.settle();
  link.down.room = 0;
  link.server->goaway(goaway_code::session_over);
  link.flush();
  link.run(900ms);
  EXPECT_TRUE(link.server.closings.empty());
  link.run(1200ms);
  EXPECT_EQ(link.server->state(), phase::closed);
  EXPECT_EQ(link.server.closings.at(0), errc::session_over);
}

TEST(end, every_goaway_code_is_read) {
  for (std::uint32_t code = 0; code < 8; ++code) {
    for (const role which : {role::server, role::client}) {
      bare_link link(which);
      link.say(0, frame_type::goaway, bare_link::number(code) + "some text");
      const bool is_gentle_code = code == 0 || code == 5;
      EXPECT_EQ(link.owner->state(), is_gentle_code ? phase::open : phase::closed) << code;
      EXPECT_EQ(link.owner.goaways.size(), is_gentle_code ? 1U : 0U) << code;
      EXPECT_EQ(link.owner.closings.size(), is_gentle_code ? 0U : 1U) << code;
      if (!is_gentle_code) continue;
      // The server answers a client's with its own.
      const auto answer = types_of(link.hear());
      EXPECT_EQ(answer, which == role::server ? std::vector{frame_type::goaway}
                                              : std::vector<frame_type>{});
      EXPECT_EQ(link.owner->state(), phase::shut);
    }
  }
}

TEST(end, an_open_after_the_servers_goaway_is_an_error) {
  bare_link client(role::client);
  client.say_open(1);
  client.say(0, frame_type::goaway, bare_link::number(0));
  client.say_open(2);
  EXPECT_EQ(client.failure(), goaway_code::protocol);
}

TEST(end, the_last_goaway_waits_for_a_frame_that_is_partly_written) {
  bare_link server(role::server);
  ASSERT_TRUE(server.owner.open(10'000));
  std::array<iovec, 12> parts;
  const std::size_t filled = server.owner->gather(parts, server.now);
  ASSERT_GE(filled, 2U);
  std::vector<std::byte> written;
  for (const iovec& part : std::span(parts).first(filled)) {
    const auto* from = static_cast<const std::byte*>(part.iov_base);
    written.insert(written.end(), from, from + part.iov_len);
  }
  const std::size_t cut = parts[0].iov_len + 100;  // all control, a piece of the DATA
  server.owner->wrote(cut);
  written.resize(cut);
  server.owner->goaway(goaway_code::session_over);
  std::vector<frame_type> types;
  testing::frame_watch watch(
      [&](const frame_header& header, bytes_view) { types.push_back(header.type); });
  watch(written);
  const std::size_t rest = server.owner->gather(parts, server.now);
  for (const iovec& part : std::span(parts).first(rest)) {
    watch({static_cast<const std::byte*>(part.iov_base), part.iov_len});
  }
  EXPECT_EQ(types, (std::vector{frame_type::open, frame_type::data, frame_type::goaway}));
}

TEST(end, a_reset_at_each_moment_leaves_nothing) {
  // The exchange is played again and again, with the reset one step later each time.
  std::size_t played = 0;
  for (const bool by_server : {true, false}) {
    for (std::size_t moment = 0;; ++moment) {
      pair link;
      link.down.slice = link.up.slice = 40;
      link.down.delay = link.up.delay = 1ms;
      link.down.room = link.up.room = 200;
      link.down.rate = link.up.rate = 1'000'000;
      link.client.plan = [](end_point& end) { end.to_send = 700; };
      const auto id = link.server.open(600);
      const auto other = link.server.open(500);
      std::size_t steps = 0;
      bool is_reset = false;
      link.after_step = [&] {
        testing::side& by = by_server ? link.server : link.client;
        if (steps++ != moment || !by.ends.contains(*id)) return;
        is_reset = true;
        by->reset(*id, reset_code::by_the_end);
        by.at(*id).may_send = false;
      };
      ASSERT_TRUE(link.run_until(
          [&] { return link.server.at(*other).is_over() && link.client.got(*other) == 500; }));
      link.settle();
      EXPECT_EQ(link.server->held_streams() + link.client->held_streams(), 0U) << moment;
      EXPECT_EQ(link.server->credit_ledger().used() + link.client->credit_ledger().used(), 0U);
      EXPECT_EQ(link.server->state(), phase::open);
      EXPECT_EQ(link.client->state(), phase::open);
      EXPECT_TRUE(link.server.at(*other).exact && link.client.at(*other).exact);
      if (steps <= moment) break;
      played += is_reset ? 1U : 0U;
    }
  }
  EXPECT_GT(played, 50U);
}

TEST(end, half_closes_in_each_order) {
  for (const bool server_first : {true, false}) {
    pair link;
    link.server.plan = link.client.plan = [](end_point& end) { end.finish_at_end = false; };
    const auto id = link.server.open(1000);
    link.settle();
    testing::side& first = server_first ? link.server : link.client;
    testing::side& second = server_first ? link.client : link.server;
    first->finish(*id);
    link.settle();
    EXPECT_TRUE(second.at(*id).ended);
    EXPECT_FALSE(first.at(*id).ended);
    // The other direction goes on.
    second.at(*id).to_send += 50'000;
    second.at(*id).pump();
    link.settle();
    EXPECT_EQ(first->live_streams(), 1U);
    second->finish(*id);
    link.settle();
    EXPECT_TRUE(first.at(*id).ended && first.at(*id).exact);
    EXPECT_EQ(first.at(*id).got, second.at(*id).to_send);
    EXPECT_EQ(first->held_streams() + second->held_streams(), 0U);
  }
}

TEST(end, a_refusal_reaches_the_server_with_its_status) {
  for (const open_status status :
       {open_status::refused, open_status::timed_out, open_status::unknown_service,
        open_status::draining, open_status::too_many}) {
    for (const bool is_late : {false, true}) {
      pair link;
      link.client.answer_with = is_late ? std::nullopt : std::optional(status);
      const auto id = link.server.open(20'000);
      link.settle();
      if (is_late) {
        EXPECT_EQ(link.server.at(*id).status, std::nullopt);
        EXPECT_EQ(link.client->opened(*id, status), intake::flowing);
        link.settle();
      }
      EXPECT_EQ(link.server.at(*id).status, status);
      EXPECT_EQ(link.server->held_streams() + link.client->held_streams(), 0U);
      EXPECT_EQ(link.client->credit_ledger().used(), 0U);
    }
  }
}

TEST(end, a_reset_before_opened_is_a_refusal) {
  pair link;
  link.client.answer_with.reset();
  const auto id = link.server.open(100);
  link.settle();
  link.client->reset(*id, reset_code::deadline);
  link.settle();
  EXPECT_EQ(link.server.at(*id).status, open_status::refused);
  EXPECT_EQ(link.server.at(*id).was_reset, std::nullopt);
}

TEST(end, suspect_after_a_second_without_an_answer) {
  bare_link server(role::server);
  server.say(0, frame_type::pong, std::string(8, 'x'));
  EXPECT_FALSE(server.owner->suspect(server.now));
  server.tick();
  server.now += 500ms;
  ASSERT_TRUE(server.owner.open(0));
  server.hear();
  EXPECT_FALSE(server.owner->suspect(server.now + 999ms));
  EXPECT_TRUE(server.owner->suspect(server.now + 1s));
  server.now += 1s;
  server.say(0, frame_type::pong, std::string(8, 'x'));
  EXPECT_FALSE(server.owner->suspect(server.now));
}

}  // namespace
}  // namespace frpx::link
