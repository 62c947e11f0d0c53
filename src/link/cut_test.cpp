// The deadlocks and races that the protocol's page names, each by its name.
#include <gtest/gtest.h>

#include "tests/support/bare_link.hpp"

namespace frpx::link {
namespace {

using testing::bare_link;
using testing::end_point;
using testing::pair;
using namespace std::chrono_literals;

constexpr std::uint64_t unlimited = ~std::uint64_t{0};

TEST(cut, fin_behind_bulk) {
  pair link;
  link.client.plan = [](end_point& end) { end.room = 0; };
  std::uint64_t data_before_fin = 0;
  bool fin_seen = false;
  link.down.tap = testing::frame_watch([&](const frame_header& header, bytes_view) {
    if (header.type == frame_type::data) {
      EXPECT_FALSE(fin_seen);
      data_before_fin += header.length;
    }
    fin_seen = fin_seen || header.type == frame_type::fin;
  });
  const auto id = link.server.open(3'000'000);
  link.run(5s);
  end_point& service = link.client.at(*id);
  EXPECT_FALSE(service.ended);
  while (!service.ended) {
    const std::uint64_t before = service.got;
    service.room = 100'000;
    service.drain();
    EXPECT_EQ(service.ended, service.got == 3'000'000) << service.got;
    ASSERT_TRUE(link.run_until([&] { return service.ended || service.got > before; }));
  }
  EXPECT_TRUE(service.exact);
  EXPECT_EQ(service.got, 3'000'000U);
  EXPECT_EQ(data_before_fin, 3'000'000U);
}

TEST(cut, open_overtakes_fin_at_limit) {
  pair link({.streams = 1});
  link.client.plan = [](end_point& end) { end.to_send = 10; };
  const auto first = link.server.open(40'000);
  ASSERT_TRUE(first);
  EXPECT_EQ(link.server.open(0).error(), errc::too_many);
  ASSERT_TRUE(link.run_until([&] { return link.server.at(*first).ended; }));
  // The server's end is over for its owner; the FIN may not have left. Whenever it says that
  // another may be opened, the client has to agree.
  for (int i = 0; i < 50; ++i) {
    link.down.room = i % 2 == 0 ? 100 : 1 << 20;  // the FIN waits behind 40,000 bytes
    ASSERT_TRUE(link.run_until([&] {
      const auto next = link.server.open(40'000);
      if (!next) EXPECT_EQ(next.error(), errc::too_many);
      return next.has_value();
    }));
  }
  link.down.room = 1 << 20;
  link.settle();
  EXPECT_EQ(link.server->state(), phase::open);
  EXPECT_TRUE(link.client.closings.empty());
}

TEST(cut, a_fin_that_waits_keeps_its_place) {
  bare_link server(role::server, {.streams = 1});
  const auto first = server.owner.open(1000);
  server.hear();
  server.say_opened(1);
  server.say(1, frame_type::fin);
  // Everything has left: room for the next. Then the same with a FIN that has not.
  ASSERT_TRUE(server.owner.open(1000));
  server.say(1, frame_type::data, "late");
  EXPECT_EQ(server.owner.open(0).error(), errc::too_many);
  server.owner.at(2).finish_at_end = false;
  EXPECT_EQ(types_of(server.hear()),
            (std::vector{frame_type::open, frame_type::data, frame_type::fin}));
  ASSERT_TRUE(first);
}

TEST(cut, stalled_sinks_512_others_run) {
  for (const bool to_client : {true, false}) {
    pair link;
    testing::side& full = to_client ? link.client : link.server;
    std::size_t made = 0;
    link.client.plan = [&](end_point& end) {
      const bool stalls = made++ < 512;
      end.to_send = to_client ? 10 : 300'000;
      if (stalls && to_client) end.room = 0;
    };
    std::vector<stream_id> others;
    for (std::size_t i = 0; i < 532; ++i) {
      const auto id = link.server.open(to_client ? 300'000 : 10);
      ASSERT_TRUE(id) << i;
      if (i < 512 && !to_client) link.server.at(*id).room = 0;
      if (i >= 512) others.push_back(*id);
    }
    ASSERT_TRUE(link.run_until([&] {
      return std::ranges::all_of(others, [&](stream_id id) { return full.got(id) == 300'000; });
    }));
    EXPECT_LE(full->credit_ledger().used(), options{}.bound);
    EXPECT_LE(full->held_bytes(), options{}.bound);
    // And the stalled ones were only waiting.
    for (auto& [id, end] : full.ends) {
      end->room = unlimited;
      end->drain();
    }
    ASSERT_TRUE(link.run_until(
        [&] { return link.client->held_streams() + link.server->held_streams() == 0; }));
    for (const auto& [id, end] : full.ends) ASSERT_TRUE(end->exact && end->got == 300'000U) << id;
  }
}

TEST(cut, program_bound_over_links) {
  constexpr std::uint64_t bound = 6 << 20;
  credit_pool pool(bound);
  const options client_how{.early = 32'768, .pool = &pool};
  std::vector<std::unique_ptr<pair>> links;
  for (std::uint64_t i = 0; i < 3; ++i) {
    links.push_back(std::make_unique<pair>(options{}, client_how, i + 1));
    links.back()->client.plan = [](end_point& end) { end.room = 0; };
    links.back()->after_step = [&] { ASSERT_LE(pool.taken(), bound); };
  }
  // The floors have half of the bound: 96 streams of 32 KiB in all, whichever link comes first.
  std::size_t connected = 0;
  std::size_t refused = 0;
  for (auto& link : links) {
    for (int i = 0; i < 40; ++i) ASSERT_TRUE(link->server.open(500'000));
    link->settle();
    link->client->tick(link->now, 0);
    for (const auto& [id, end] : link->server.ends) {
      connected += end->status == open_status::connected ? 1U : 0U;
      refused += end->status == open_status::too_many ? 1U : 0U;
    }
  }
  EXPECT_EQ(connected, 96U);
  EXPECT_EQ(refused, 24U);
  std::uint64_t held = 0;
  for (auto& link : links) held += link->client->promised();
  EXPECT_LE(held, pool.taken());
  // All of them get through, though their promises together are bounded.
  for (auto& link : links) {
    for (auto& [id, end] : link->client.ends) {
      end->room = unlimited;
      end->drain();
    }
    ASSERT_TRUE(link->run_until([&] { return link->client->held_streams() == 0; }));
    for (const auto& [id, end] : link->client.ends) EXPECT_EQ(end->got, 500'000U);
  }
  for (auto& link : links) link->client->tick(link->now, 0);
  EXPECT_EQ(pool.taken(), 0U);
  links.clear();
  EXPECT_EQ(pool.taken(), 0U);
}

TEST(cut, tiny_credit_no_chunk_wait) {
  bare_link server(role::server, {.early = 16'384});
  ASSERT_TRUE(server.owner.open(100'000));
  std::uint64_t heard = 0;
  const auto hear_data = [&] {
    std::uint64_t bytes = 0;
    for (const auto& each : server.hear()) {
      if (each.header.type == frame_type::data) bytes += each.header.length;
    }
    heard += bytes;
    return bytes;
  };
  EXPECT_EQ(hear_data(), 16'384U);
  server.say_opened(1);
  EXPECT_EQ(hear_data(), 0U);
  for (const std::uint32_t credit : {1U, 1U, 7U, 1U, 20'000U, 3U}) {
    server.say(1, frame_type::credit, bare_link::number(credit));
    EXPECT_EQ(hear_data(), credit);
  }
  EXPECT_EQ(server.owner->look(1)->credit, 0U);
}

TEST(cut, return_crosses_data) {
  pair link;
  link.down.rate = 40'000;
  link.down.room = 8 * 1024;
  link.client.plan = [](end_point& end) { end.finish_at_end = false; };
  link.server.plan = [](end_point& end) { end.finish_at_end = false; };
  // Data of the second stream waits behind the first one's for seconds; meanwhile the second is
  // idle, and its RETURN overtakes its own data.
  const auto bulk = link.server.open(0);
  const auto idle = link.server.open(0);
  bool data_seen = false;
  bool crossed = false;
  link.down.tap = testing::frame_watch([&](const frame_header& header, bytes_view) {
    if (header.stream != *idle) return;
    crossed = crossed || (header.type == frame_type::give_back && !data_seen);
    data_seen = data_seen || header.type == frame_type::data;
  });
  link.after_step = [&] {
    const auto sender = link.server->look(*idle);
    const auto receiver = link.client->look(*idle);
    if (!receiver) return;
    ASSERT_LE(sender->credit + sender->framed, receiver->window + receiver->received);
  };
  link.run(500ms);
  for (const auto& [id, size] : {std::pair{*bulk, 200'000U}, std::pair{*idle, 5'000U}}) {
    link.server.at(id).to_send = size;
    link.server.at(id).pump();
  }
  ASSERT_TRUE(link.run_until([&] { return link.client.got(*bulk) == 200'000; }));
  ASSERT_TRUE(link.run_until([&] { return link.client.got(*idle) == 5'000; }));
  EXPECT_TRUE(crossed);
  link.run(5s);
  const auto sender = link.server->look(*idle);
  const auto receiver = link.client->look(*idle);
  EXPECT_EQ(sender->credit + sender->framed, receiver->window + receiver->received);
  EXPECT_EQ(sender->credit, 16'384U);
  // What was returned is given again as soon as it is of use.
  link.down.rate = 0;
  link.down.room = 1 << 20;
  link.server.at(*idle).to_send = 1'000'000;
  link.server.at(*idle).pump();
  ASSERT_TRUE(link.run_until([&] { return link.client.at(*idle).got == 1'000'000; }, 5s));
}

TEST(cut, rst_crosses_opened) {
  pair link;
  link.down.delay = link.up.delay = 10ms;
  link.client.plan = [](end_point& end) { end.to_send = 100'000; };
  link.server.plan = [](end_point& end) { end.finish_at_end = false; };
  const auto id = link.server.open(1000);
  ASSERT_TRUE(link.run_until([&] { return link.client.ends.contains(*id); }));
  link.server->reset(*id, reset_code::deadline);  // OPENED is on its way
  link.settle();
  EXPECT_EQ(link.client.at(*id).was_reset, reset_code::deadline);
  EXPECT_EQ(link.server.at(*id).status, std::nullopt);
  EXPECT_EQ(link.server.at(*id).got, 0U);
  EXPECT_EQ(link.server->state(), phase::open);
  EXPECT_EQ(link.client->state(), phase::open);
  EXPECT_EQ(link.server->held_streams() + link.client->held_streams(), 0U);
  // Two resets that cross are one.
  const auto second = link.server.open(1000);
  ASSERT_TRUE(link.run_until([&] { return link.server.at(*second).status.has_value(); }));
  link.server->reset(*second, reset_code::cancelled);
  link.client->reset(*second, reset_code::by_the_end);
  link.settle();
  EXPECT_EQ(link.server->live_streams() + link.client->live_streams(), 0U);
  EXPECT_TRUE(link.server.closings.empty() && link.client.closings.empty());
}

TEST(cut, ids_used_up) {
  pair link({.last_id = 5});
  for (int i = 0; i < 5; ++i) ASSERT_TRUE(link.server.open(100));
  EXPECT_EQ(link.server.open(100).error(), errc::ids_used_up);
  EXPECT_FALSE(link.server->accepting());
  link.settle();
  EXPECT_EQ(link.server.goaways, std::vector{goaway_code::ids_used_up});
  EXPECT_EQ(link.client.goaways, std::vector{goaway_code::ids_used_up});
  // Every stream was served, and with the last one the link ends by itself.
  for (const auto& [id, end] : link.client.ends) EXPECT_EQ(end->got, 100U);
  EXPECT_EQ(link.server->state(), phase::shut);
  EXPECT_EQ(link.client->state(), phase::shut);
}

TEST(cut, ping_behind_bulk_1mbit) {
  pair link;
  link.down.rate = 125'000;
  link.down.room = 128 * 1024;  // TCP_NOTSENT_LOWAT
  link.down.delay = link.up.delay = 40ms;
  std::vector<steady_time> pings;
  std::vector<steady_time> pongs;
  link.down.tap = testing::frame_watch([&](const frame_header& header, bytes_view) {
    if (header.type == frame_type::ping) pings.push_back(link.now);
  });
  link.up.tap = testing::frame_watch([&](const frame_header& header, bytes_view) {
    if (header.type == frame_type::pong) pongs.push_back(link.now);
  });
  link.server.plan = [](end_point& end) { end.to_send = 10'000'000; };
  ASSERT_TRUE(link.server.open(0));
  ASSERT_TRUE(link.server.open(0));
  link.run(70s);
  EXPECT_EQ(link.server->state(), phase::open);
  EXPECT_GE(link.client.at(1).got + link.client.at(2).got, 8'000'000U);
  ASSERT_GE(pings.size(), 6U);
  ASSERT_GE(pongs.size() + 1, pings.size());
  for (std::size_t i = 0; i + 1 < pings.size(); ++i) {
    const auto first_after = std::ranges::lower_bound(pongs, pings[i]);
    ASSERT_NE(first_after, pongs.end());
    EXPECT_LT(*first_after - pings[i], 1500ms) << i;
  }
}

TEST(cut, sigstop_under_bulk) {
  struct trouble {
    const char* name;
    bool is_cable;  // else the client's program is stopped
    bool is_bulk;
  };
  for (const trouble& each : {trouble{"stopped, bulk", false, true},
                              {"stopped, idle", false, false},
                              {"pulled, bulk", true, true},
                              {"pulled, idle", true, false}}) {
    SCOPED_TRACE(each.name);
    pair link;
    link.server.plan = [&](end_point& end) {
      end.finish_at_end = false;
      end.to_send = each.is_bulk ? 1'000'000'000 : 100;
    };
    link.down.rate = 10'000'000;
    ASSERT_TRUE(link.server.open(0));
    link.run(3s);
    const steady_time since = link.now;
    link.down.stopped = !each.is_cable;
    link.down.stalled = each.is_cable;
    link.up.stalled = true;
    const auto is_closed = [&] { return !link.server.closings.empty(); };
    ASSERT_TRUE(link.run_until(is_closed, 60s));
    EXPECT_EQ(link.server.closings[0], errc::dead);
    EXPECT_LE(link.now - since, 17s);
    EXPECT_GE(link.now - since, 10s);
    EXPECT_EQ(link.server.at(1).was_reset, reset_code::link_lost);
    EXPECT_EQ(link.server->held_streams(), 0U);
    EXPECT_EQ(link.server->credit_ledger().used(), 0U);
    link.run(3s);
    EXPECT_EQ(link.server->state(), phase::closed);
  }
}

TEST(cut, a_slow_network_lives_while_it_moves) {
  pair link;
  link.down.rate = 2'000;
  link.down.room = 256 * 1024;
  link.server.plan = [](end_point& end) { end.to_send = 10'000'000; };
  ASSERT_TRUE(link.server.open(0));
  link.run(400s);
  EXPECT_EQ(link.server->state(), phase::open);
  EXPECT_GT(link.client.got(1), 700'000U);
}

TEST(cut, newlink_with_bytes_behind) {
  // What was read together with NewLink belongs to the link, cut anywhere.
  std::array<std::byte, longest_control> ping;
  const std::size_t size = write_ping(77, ping.data());
  for (std::size_t cut = 0; cut <= size; ++cut) {
    steady_time now{};
    testing::side server(role::server, {}, now);
    const bytes_view bytes(ping.data(), size);
    server->receive(bytes.first(cut), now);
    server->receive(bytes.subspan(cut), now);
    ASSERT_TRUE(server.open(0));
    std::vector<frame_type> types;
    testing::frame_watch watch(
        [&](const frame_header& header, bytes_view) { types.push_back(header.type); });
    std::array<iovec, 12> parts;
    const std::size_t filled = server->gather(parts, now);
    for (const iovec& part : std::span(parts).first(filled)) {
      watch({static_cast<const std::byte*>(part.iov_base), part.iov_len});
    }
    EXPECT_EQ(types,
              (std::vector{frame_type::ping, frame_type::pong, frame_type::open, frame_type::fin}))
        << cut;
  }
}

/// One question and its answer on a stream that stays open.
void converse(pair& link, stream_id id, std::uint64_t question, std::uint64_t answer) {
  end_point& visitor = link.server.at(id);
  end_point& service = link.client.at(id);
  visitor.to_send += question;
  visitor.pump();
  ASSERT_TRUE(link.run_until([&] { return service.got == visitor.to_send; }));
  service.to_send += answer;
  service.pump();
  ASSERT_TRUE(link.run_until([&] { return visitor.got == service.to_send; }));
}

TEST(cut, reused_small_answers_never_move) {
  pair link;
  link.server.plan = link.client.plan = [](end_point& end) { end.finish_at_end = false; };
  const auto id = link.server.open(0);
  link.settle();
  end_point& visitor = link.server.at(*id);
  for (int i = 0; i < 3000; ++i) converse(link, *id, 200, 1000);
  for (int i = 0; i < 300; ++i) converse(link, *id, 200, 64'000);
  for (int i = 0; i < 50; ++i) {
    link.server->message_began(*id);
    converse(link, *id, 200, 250'000);
  }
  for (int i = 0; i < 300; ++i) converse(link, *id, 60'000, 100);
  EXPECT_EQ(visitor.bulk_told, 0);
  link.server->message_began(*id);
  converse(link, *id, 200, 270'000);
  EXPECT_EQ(visitor.bulk_told, 1);
  converse(link, *id, 200, 1'000'000);
  EXPECT_EQ(visitor.bulk_told, 1);
}

TEST(cut, a_pause_ends_a_run_of_bulk) {
  pair link;
  link.server.plan = link.client.plan = [](end_point& end) { end.finish_at_end = false; };
  const auto paused = link.server.open(0);
  link.settle();
  for (int i = 0; i < 20; ++i) {
    link.server.at(*paused).to_send += 100'000;
    link.server.at(*paused).pump();
    link.run(101ms);
  }
  EXPECT_EQ(link.server.at(*paused).bulk_told, 0);
  for (int i = 0; i < 3; ++i) {
    link.server.at(*paused).to_send += 100'000;
    link.server.at(*paused).pump();
    link.run(20ms);
  }
  EXPECT_EQ(link.server.at(*paused).bulk_told, 1);
}

TEST(cut, both_sides_full) {
  pair link({}, 3);
  link.down.room = link.up.room = 3000;
  link.down.slice = link.up.slice = 900;
  link.down.delay = link.up.delay = 100us;
  link.client.plan = [](end_point& end) { end.to_send = 300'000; };
  for (int i = 0; i < 60; ++i) ASSERT_TRUE(link.server.open(300'000));
  ASSERT_TRUE(link.run_until(
      [&] { return link.server->held_streams() + link.client->held_streams() == 0; }, 10min));
  for (const auto& [id, end] : link.server.ends) {
    EXPECT_TRUE(end->exact && end->got == 300'000U);
    EXPECT_TRUE(link.client.at(id).exact && link.client.at(id).got == 300'000U);
  }
}

TEST(cut, fairness_one_byte_among_a_thousand_bulks) {
  pair link({.streams = 1001, .bound = 1 << 30});
  link.down.rate = 20'000'000;
  link.down.room = 64 * 1024;
  bool is_waiting = false;
  bool is_through = false;
  std::uint64_t before = 0;
  link.down.tap = testing::frame_watch([&](const frame_header& header, bytes_view) {
    if (is_through || header.type != frame_type::data || !is_waiting) return;
    is_through = header.stream == 1001;
    if (!is_through) before += header.length;
    EXPECT_LE(header.length, 16'384U);
  });
  link.server.plan = [](end_point& end) { end.to_send = end.id == 1001 ? 1 : 1'000'000; };
  for (int i = 0; i < 1000; ++i) ASSERT_TRUE(link.server.open(0));
  link.run(500ms);
  is_waiting = true;
  ASSERT_TRUE(link.server.open(0));
  ASSERT_TRUE(link.run_until([&] { return is_through; }, 60s));
  // It waited for the others' turns: one round, and what was framed already.
  EXPECT_GE(before, 100U * 16'384);
  EXPECT_LE(before, 1000U * 16'384 + 256 * 1024 + 65'536);
}

TEST(cut, flood_of_open_and_rst) {
  bare_link client(role::client);
  client.owner.answer_with.reset();
  std::size_t most = 0;
  for (stream_id id = 1; id <= 50'000; ++id) {
    client.say_open(id);
    client.say(id, frame_type::data, std::string(1000, 'x'));
    client.say(id, frame_type::rst, bare_link::number(0));
    client.owner.ends.erase(id);
    most = std::max(most, client.owner->held_bytes());
  }
  EXPECT_EQ(client.owner->state(), phase::open);
  EXPECT_LT(most, 1U << 20);
  EXPECT_EQ(client.owner->held_streams(), 0U);
  // Refusals that are not read are bounded as well: the streams they refuse are counted.
  client.owner.answer_with = open_status::refused;
  stream_id id = 50'001;
  while (client.owner->state() == phase::open && id < 60'000) client.say_open(id++);
  EXPECT_EQ(client.failure(), goaway_code::limit);
  EXPECT_EQ(id - 50'001, options{}.streams + 1);
}

}  // namespace
}  // namespace frpx::link
