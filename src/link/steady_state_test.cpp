// What the steady state costs: no allocation, little memory, and how much time. The sanitizers
// bring an operator new of their own, so their builds leave this out.
#ifndef FRPX_SANITIZED

#include <gtest/gtest.h>

#include <cstdio>
#include <ctime>

#include "link/machine.hpp"
#include "tests/support/allocation_count.hpp"

namespace frpx::link {
namespace {

/// A peer without a wire: what one machine writes the other one reads at once.
struct plain_end final : stream_events {
  std::size_t on_data(stream_id, bytes_view bytes) override {
    got += bytes.size();
    return bytes.size();
  }
  void on_end(stream_id) override { ended = true; }
  void on_reset(stream_id, reset_code) override { ended = true; }
  void on_writable(stream_id) override { writable = true; }
  std::uint64_t got = 0;
  bool ended = false;
  bool writable = true;
};

struct plain_link final : link_events {
  acceptance on_open(const open_request&) override {
    return {&ends[opened++ % ends.size()], open_status::connected};
  }
  void on_goaway(goaway_code) override {}
  void on_closed(error_code) override { closed = true; }
  std::vector<plain_end> ends{std::vector<plain_end>(600)};
  std::size_t opened = 0;
  bool closed = false;
};

struct loop {
  plain_link server_owner, client_owner;
  steady_time now{};
  machine server{role::server, {}, server_owner, now};
  machine client{role::client, {}, client_owner, now};

  void carry(machine& from, machine& to) {
    std::array<iovec, 16> parts;
    while (const std::size_t filled = from.gather(parts, now)) {
      std::size_t total = 0;
      for (const iovec& part : std::span(parts).first(filled)) {
        to.receive({static_cast<const std::byte*>(part.iov_base), part.iov_len}, now);
        total += part.iov_len;
      }
      from.wrote(total);
    }
  }
  void exchange() {
    now += std::chrono::microseconds(20);
    carry(server, client);
    carry(client, server);
    carry(server, client);
  }
  stream_id open() {
    const auto id = server.open(stream_kind::tcp, "web", "192.0.2.1:5000",
                                server_owner.ends[server.live_streams()]);
    exchange();
    return *id;
  }
};

const std::array<std::byte, 120> question{};
const std::array<std::byte, 250> answer{};

TEST(steady_state, conversations_allocate_nothing) {
  loop link;
  std::vector<stream_id> ids;
  for (int i = 0; i < 64; ++i) ids.push_back(link.open());
  const auto round = [&] {
    for (const stream_id id : ids) ASSERT_EQ(link.server.send(id, question), question.size());
    link.exchange();
    for (const stream_id id : ids) ASSERT_EQ(link.client.send(id, answer), answer.size());
    link.exchange();
  };
  for (int i = 0; i < 10; ++i) round();
  const std::size_t before = test::allocations;
  for (int i = 0; i < 2000; ++i) round();
  EXPECT_EQ(test::allocations, before);
  EXPECT_EQ(link.server_owner.ends[5].got, 2010 * answer.size());
}

TEST(steady_state, new_streams_allocate_nothing) {
  loop link;
  const auto visit = [&] {
    const stream_id id = link.open();
    link.server.send(id, question);
    link.server.finish(id);
    link.exchange();
    link.client.send(id, answer);
    link.client.finish(id);
    link.exchange();
  };
  for (int i = 0; i < 10; ++i) visit();
  const std::size_t before = test::allocations;
  for (int i = 0; i < 2000; ++i) visit();
  EXPECT_EQ(test::allocations, before);
  EXPECT_EQ(link.server.live_streams() + link.client.live_streams(), 0U);
}

TEST(steady_state, bulk_allocates_nothing) {
  loop link;
  const stream_id id = link.open();
  const auto push = [&] {
    for (int i = 0; i < 16; ++i) {
      const bytes_span room = link.server.prepare(id);
      if (room.empty()) break;
      link.server.commit(id, room.size());
    }
    link.exchange();
  };
  for (int i = 0; i < 100; ++i) push();
  const std::size_t before = test::allocations;
  for (int i = 0; i < 1000; ++i) push();
  EXPECT_EQ(test::allocations, before);
  EXPECT_GT(link.client_owner.ends[0].got, 100U << 20);
}

TEST(steady_state, an_idle_visitor_costs_little) {
  loop link;
  for (int i = 0; i < 500; ++i) link.open();
  for (int i = 0; i < 3; ++i) {
    link.now += std::chrono::seconds(1);
    link.server.tick(link.now, 1 << 30);
    link.client.tick(link.now, 1 << 30);
    link.exchange();
  }
  for (int i = 0; i < 3; ++i) {
    link.now += std::chrono::seconds(1);
    link.server.tick(link.now, 1 << 30);
    link.client.tick(link.now, 1 << 30);
  }
  EXPECT_LT(link.server.held_bytes() / 500, 400U);
  EXPECT_LT(link.client.held_bytes() / 500, 400U);
}

/// Not a test of speed (machines differ), but the place where it is printed.
TEST(steady_state, prints_what_an_exchange_costs) {
  loop link;
  const std::vector<std::byte> page(256 * 1024);
  std::vector<stream_id> ids;
  for (int i = 0; i < 64; ++i) ids.push_back(link.open());
  constexpr int rounds = 3000;
  const std::clock_t start = std::clock();  // of this process, whatever else runs
  for (int i = 0; i < rounds; ++i) {
    for (const stream_id id : ids) link.server.send(id, question);
    link.exchange();
    for (const stream_id id : ids) link.client.send(id, answer);
    link.exchange();
  }
  const std::clock_t bulk_start = std::clock();
  const std::uint64_t before = link.client_owner.ends[0].got;
  for (int i = 0; i < 3000; ++i) {
    link.server.send(ids[0], page);
    link.exchange();
  }
  const std::clock_t end = std::clock();
  const auto moved = static_cast<double>(link.client_owner.ends[0].got - before);
  const auto seconds = [](std::clock_t time) { return static_cast<double>(time) / CLOCKS_PER_SEC; };
  std::printf("%.0f ns for an exchange, bulk %.0f MB/s\n",
              seconds(bulk_start - start) * 1e9 / (rounds * 64.0),
              moved / seconds(end - bulk_start) / 1e6);
  EXPECT_GT(link.client_owner.ends[0].got, before);
}

}  // namespace
}  // namespace frpx::link

#endif
