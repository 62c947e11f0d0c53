// A link's ordinary life: streams open, carry bytes both ways, end.
#include <gtest/gtest.h>

#include "tests/support/bare_link.hpp"

namespace frpx::link {
namespace {

using testing::end_point;
using testing::pair;
using namespace std::chrono_literals;

/// Never more in flight than was given; and none of it lost, when nothing is in flight.
void expect_exact(const account& sender, const account& receiver, bool is_finished, bool is_quiet,
                  stream_id id) {
  if (is_finished) return;  // what was given is void
  const std::uint64_t may_have_sent = sender.credit + sender.framed;
  const std::uint64_t was_given = receiver.window + receiver.received;
  EXPECT_LE(may_have_sent, was_given) << "stream " << id;
  if (is_quiet) EXPECT_EQ(may_have_sent, was_given) << "stream " << id;
}

/// Credit of every stream that lives at both ends is exact, and the ledgers hold.
void expect_credit_holds(pair& link, std::span<const stream_id> ids, bool is_quiet) {
  for (const stream_id id : ids) {
    const auto s = link.server->look(id);
    const auto c = link.client->look(id);
    if (!s || !c) continue;
    expect_exact(*s, *c, link.server.at(id).finished, is_quiet, id);
    expect_exact(*c, *s, link.client.at(id).finished, is_quiet, id);
  }
  for (testing::side* each : {&link.server, &link.client}) {
    EXPECT_LE((*each)->promised(), (*each)->credit_ledger().used());
    EXPECT_LE((*each)->credit_ledger().used(), options{}.bound);
  }
}

TEST(machine, says_ping_first_and_the_client_nothing_before_it) {
  pair link;
  EXPECT_EQ(link.up.held(), 0U);
  EXPECT_EQ(link.down.held(), header_size + 8);
  link.settle();
  EXPECT_EQ(link.client.ups, 1);
  EXPECT_EQ(link.server.ups, 1);
}

TEST(machine, begins_no_more_frames_than_it_is_asked_to) {
  testing::bare_link client(role::client);
  std::vector<std::byte> pings;
  for (int i = 0; i < 3; ++i) {
    const auto one = testing::bare_link::frame(0, frame_type::ping, std::string(8, 'q'));
    pings.insert(pings.end(), one.begin(), one.end());
  }
  const bytes_view all = pings;
  EXPECT_EQ(client.owner->receive(all.first(4), client.now, 2), 4U);  // the header is not whole
  EXPECT_EQ(client.owner->receive(all.subspan(4), client.now, 2), 28U);
  EXPECT_EQ(client.owner->receive(all.subspan(32, 10), client.now, 1), 10U);
  EXPECT_EQ(client.owner->receive(all.subspan(42), client.now, 0), 6U);  // no frame begins in these
  EXPECT_EQ(client.owner->counters().frames_in, 4U);                     // with the server's first
  EXPECT_EQ(client.failure(), std::nullopt);
}

TEST(machine, a_flood_of_pings_ends_the_link) {
  testing::bare_link client(role::client);
  const auto ping = [&](int times) {
    for (; times > 0; --times) client.say(0, frame_type::ping, std::string(8, 'q'));
  };
  ping(999);  // and the server's first
  EXPECT_EQ(client.failure(), std::nullopt);
  client.tick();
  ping(1000);
  EXPECT_EQ(client.failure(), std::nullopt);
  ping(1);
  EXPECT_EQ(client.failure(), goaway_code::limit);
}

TEST(machine, carries_a_request_and_its_answer) {
  pair link;
  link.client.plan = [](end_point& end) { end.to_send = 5000; };
  const auto id = link.server.open(300);
  ASSERT_TRUE(id);
  ASSERT_TRUE(link.run_until([&] { return link.server.at(*id).is_over(); }));
  const end_point& visitor = link.server.at(*id);
  const end_point& service = link.client.at(*id);
  EXPECT_EQ(link.client.last_service, "web");
  EXPECT_EQ(link.client.last_visitor, "192.0.2.1:5000");
  EXPECT_EQ(visitor.status, open_status::connected);
  EXPECT_EQ(visitor.got, 5000U);
  EXPECT_EQ(service.got, 300U);
  EXPECT_TRUE(visitor.exact && service.exact);
  link.settle();
  EXPECT_EQ(link.server->live_streams() + link.client->live_streams(), 0U);
  EXPECT_EQ(link.server->held_streams() + link.client->held_streams(), 0U);
  EXPECT_EQ(link.server->credit_ledger().used() + link.client->credit_ledger().used(), 0U);
}

TEST(machine, a_reset_drops_what_was_queued) {
  testing::bare_link server(role::server);
  server.owner.plan = [](end_point& end) { end.finish_at_end = false; };
  ASSERT_TRUE(server.owner.open(10'000));
  ASSERT_TRUE(server.owner.open(500));
  server.owner->reset(1, reset_code::deadline);
  const auto frames = server.hear();
  EXPECT_EQ(testing::types_of(frames),
            (std::vector{frame_type::open, frame_type::open, frame_type::rst, frame_type::data}));
  EXPECT_EQ(frames.back().header.stream, 2U);
}

TEST(machine, a_far_and_fast_stream_gets_a_wider_window) {
  pair link;
  for (testing::wire* each : {&link.down, &link.up}) {
    each->delay = 50ms;
    each->room = 16 << 20;
  }
  link.client.plan = [](end_point& end) { end.to_send = 60'000'000; };
  const auto id = link.server.open(0);
  // 256 KiB in each round trip of 100 ms would take 23 s.
  ASSERT_TRUE(link.run_until([&] { return link.server.at(*id).ended; }, 6s));
  EXPECT_EQ(link.server.at(*id).got, 60'000'000U);
}

TEST(machine, a_near_or_slow_stream_does_not) {
  pair link;
  for (testing::wire* each : {&link.down, &link.up}) {
    each->delay = 1ms;
    each->rate = 5'000'000;
  }
  link.client.plan = [](end_point& end) { end.to_send = 10'000'000; };
  const auto id = link.server.open(0);
  link.run(1s);
  EXPECT_LE(link.server->look(*id)->promised, 256U * 1024);
  ASSERT_TRUE(link.run_until([&] { return link.server.at(*id).ended; }, 10s));
}

TEST(machine, late_comers_get_their_share_of_a_full_ledger) {
  pair link({.bound = 8 << 20});
  link.down.delay = link.up.delay = 10ms;
  link.down.rate = link.up.rate = 20'000'000;
  link.server.plan = link.client.plan = [](end_point& end) { end.finish_at_end = false; };
  const auto bulk = [&](int count) {
    std::vector<stream_id> ids;
    for (int i = 0; i < count; ++i) {
      ids.push_back(*link.server.open(0));
      link.server.at(ids.back()).to_send = 1'000'000'000;
      link.server.at(ids.back()).pump();
    }
    return ids;
  };
  bulk(17);  // these take all that the ledger has above the floors
  link.run(500ms);
  const auto late = bulk(17);
  link.run(100ms);
  EXPECT_EQ(link.client->look(late.back())->promised, 32'768U);
  link.run(3s);
  std::uint64_t shared = 0;
  for (const stream_id id : late) shared += link.client->look(id)->promised;
  EXPECT_GT(shared / late.size(), 65'536U);
  expect_credit_holds(link, late, false);
}

struct weather {
  const char* name;
  steady_clock::duration delay;
  std::size_t slice;
  std::size_t room;
  std::uint64_t rate;
};

class machine_in_weather : public ::testing::TestWithParam<weather> {};

TEST_P(machine_in_weather, carries_thousands_of_streams_bit_exact) {
  const weather& sky = GetParam();
  const std::size_t total = sky.slice == 1 ? 60 : sky.rate > 0 ? 300 : 2000;
  pair link({.streams = 400}, 7);
  for (testing::wire* each : {&link.down, &link.up}) {
    each->delay = sky.delay;
    each->slice = sky.slice;
    each->room = sky.room;
    each->rate = sky.rate;
  }
  // Most are small, some are large.
  const auto size = [&]() -> std::uint64_t {
    const auto kind = link.random.below(20);
    if (kind == 0) return sky.slice == 1 ? 2000 : link.random.below(600'000);
    return kind == 1 ? 0 : link.random.below(2000);
  };
  std::map<stream_id, std::uint64_t> planned;
  link.client.plan = [&](end_point& end) {
    end.to_send = planned[end.id] = size();
    if (link.random.below(4) == 0) end.room = link.random.below(5000);
  };
  std::size_t opened = 0;
  const auto finished = [&] {
    return opened == total && link.server->held_streams() + link.client->held_streams() == 0;
  };
  std::size_t steps = 0;
  std::vector<stream_id> busy;
  link.after_step = [&] {
    while (opened < total && link.server->live_streams() < 300) {
      const auto id = link.server.open(size());
      ASSERT_TRUE(id) << id.error().message();
      ++opened;
      busy.push_back(*id);
      if (link.random.below(4) == 0) link.server.at(*id).room = link.random.below(5000);
    }
    if (++steps % 16 == 0) {
      std::erase_if(busy, [&](stream_id id) {
        const auto service = link.client.ends.find(id);
        if (service == link.client.ends.end()) return false;
        end_point& visitor = link.server.at(id);
        for (end_point* end : {&visitor, service->second.get()}) {
          if (end->room != ~std::uint64_t{0}) end->room += link.random.below(40'000);
          end->drain();
        }
        return visitor.is_over() && service->second->is_over();
      });
    }
    if (steps % 101 == 0) expect_credit_holds(link, busy, false);
  };
  ASSERT_TRUE(link.run_until(finished, 1h));
  ASSERT_EQ(link.server.ends.size(), total);
  for (const auto& [id, visitor] : link.server.ends) {
    const end_point& service = link.client.at(id);
    ASSERT_TRUE(visitor->exact && service.exact) << id;
    ASSERT_EQ(service.got, visitor->to_send) << id;
    ASSERT_EQ(visitor->got, planned[id]) << id;
    ASSERT_TRUE(visitor->ended && service.ended) << id;
  }
  link.settle();
  EXPECT_EQ(link.server->held_streams(), 0U);
  EXPECT_EQ(link.server->credit_ledger().used() + link.client->credit_ledger().used(), 0U);
}

INSTANTIATE_TEST_SUITE_P(all, machine_in_weather,
                         ::testing::Values(weather{"calm", 0ms, 0, 512 * 1024, 0},
                                           weather{"far", 50ms, 0, 4 << 20, 0},
                                           weather{"sliced", 1ms, 700, 64 * 1024, 0},
                                           weather{"bytewise", 0ms, 1, 512, 0},
                                           weather{"narrow", 2ms, 3000, 60'000, 50'000'000}),
                         [](const auto& sky) { return sky.param.name; });

}  // namespace
}  // namespace frpx::link
