// The machine's parts by themselves.
#include <gtest/gtest.h>

#include <numeric>

#include "link/ledger.hpp"
#include "link/liveness.hpp"
#include "link/outbox.hpp"
#include "link/stream_table.hpp"

namespace frpx::link {
namespace {

using namespace std::chrono_literals;

// --- frames --------------------------------------------------------------------------------------

TEST(frame, lengths_and_streams_are_judged_before_the_payload) {
  struct row {
    frame_type type;
    std::uint32_t least, most;
    bool is_about_the_link;
  };
  const std::vector<row> rows{
      {frame_type::open, 7, 512, false},        {frame_type::opened, 5, 64, false},
      {frame_type::data, 1, 65'536, false},     {frame_type::fin, 0, 0, false},
      {frame_type::rst, 4, 4, false},           {frame_type::credit, 4, 4, false},
      {frame_type::give_back, 4, 4, false},     {frame_type::ping, 8, 8, true},
      {frame_type::pong, 8, 8, true},           {frame_type::goaway, 4, 204, true},
      {frame_type::datagram, 0, 65'507, false}, {frame_type::move, 16, 16, false}};
  ASSERT_EQ(rows.size(), 12U);
  for (const row& each : rows) {
    const stream_id right = each.is_about_the_link ? 0 : 7;
    const stream_id wrong = each.is_about_the_link ? 7 : 0;
    EXPECT_TRUE(is_sound({right, each.type, each.least}));
    EXPECT_TRUE(is_sound({right, each.type, each.most}));
    EXPECT_FALSE(is_sound({right, each.type, each.most + 1}));
    if (each.least > 0) EXPECT_FALSE(is_sound({right, each.type, each.least - 1}));
    EXPECT_FALSE(is_sound({wrong, each.type, each.least}));
  }
  for (const int unknown : {0, 13, 14, 255}) {
    for (const std::uint32_t length : {0U, 1U, 4U, 8U}) {
      EXPECT_FALSE(is_sound({1, static_cast<frame_type>(unknown), length}));
      EXPECT_FALSE(is_sound({0, static_cast<frame_type>(unknown), length}));
    }
  }
}

TEST(frame, open_comes_back_as_it_was_written) {
  std::array<std::byte, longest_control> bytes;
  const std::string service(255, 's');
  const std::string visitor(250, 'v');
  ASSERT_TRUE(fits_open(service, visitor));
  EXPECT_FALSE(fits_open(service, visitor + "v"));
  EXPECT_FALSE(fits_open(service + "s", ""));
  const std::size_t size =
      write_open({9, stream_kind::http, 262'144, service, visitor}, bytes.data());
  EXPECT_EQ(size, longest_control);
  const bytes_view payload = bytes_view(bytes).subspan(header_size);
  const auto open = read_open(9, payload);
  ASSERT_TRUE(open);
  EXPECT_EQ(open->kind, stream_kind::http);
  EXPECT_EQ(open->credit, 262'144U);
  EXPECT_EQ(open->service, service);
  EXPECT_EQ(open->visitor, visitor);
  for (std::size_t cut = 0; cut < payload.size(); ++cut) {
    EXPECT_FALSE(read_open(9, payload.first(cut))) << cut;
  }
}

TEST(frame, open_and_opened_may_carry_more_than_we_know) {
  std::array<std::byte, longest_control> bytes{};
  const std::size_t size = write_open({1, stream_kind::tcp, 5, "a", "b"}, bytes.data());
  const auto open = read_open(1, bytes_view(bytes).subspan(header_size, size - header_size + 20));
  ASSERT_TRUE(open);
  EXPECT_EQ(open->visitor, "b");
  write_opened(1, {open_status::timed_out, 0}, bytes.data());
  const auto answer = read_opened(bytes_view(bytes).subspan(header_size, 30));
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->status, open_status::timed_out);
  bytes[header_size] = std::byte{6};
  EXPECT_FALSE(read_opened(bytes_view(bytes).subspan(header_size, 5)));
}

TEST(frame, unknown_kinds_are_refused_and_unknown_reset_codes_read_as_cancelled) {
  std::array<std::byte, longest_control> bytes;
  const std::size_t size = write_open({1, stream_kind::udp, 5, "a", "b"}, bytes.data());
  bytes[header_size] = std::byte{3};
  EXPECT_FALSE(read_open(1, bytes_view(bytes).subspan(header_size, size - header_size)));
  for (std::uint32_t code = 0; code < 8; ++code) {
    std::array<std::byte, 4> payload;
    store_big(code, payload.data());
    EXPECT_EQ(read_reset(payload), static_cast<reset_code>(code <= 4 ? code : 0));
  }
}

TEST(frame, a_goaways_text_is_cut_to_its_bound) {
  std::array<std::byte, longest_control> bytes;
  const std::size_t size = write_goaway(goaway_code::limit, std::string(500, 't'), bytes.data());
  EXPECT_EQ(size, header_size + longest_goaway);
  EXPECT_TRUE(is_sound(load_header(bytes.data())));
}

// --- memory --------------------------------------------------------------------------------------

TEST(byte_queue, keeps_order_over_its_pages) {
  page_pool pool(64, 4);
  byte_queue queue;
  std::vector<std::byte> expected;
  std::uint8_t next = 0;
  for (int round = 0; round < 200; ++round) {
    std::vector<std::byte> more(static_cast<std::size_t>(round * 7 % 150));
    for (std::byte& each : more) each = static_cast<std::byte>(next++);
    queue.append(pool, more);
    expected.insert(expected.end(), more.begin(), more.end());
    ASSERT_EQ(queue.size(), expected.size());
    const std::size_t take =
        std::min<std::size_t>(expected.size(), static_cast<std::size_t>(round * 11 % 140));
    std::vector<std::byte> head(take);
    queue.peek(head);
    ASSERT_TRUE(std::equal(head.begin(), head.end(), expected.begin()));
    queue.consume(pool, take);
    expected.erase(expected.begin(), expected.begin() + static_cast<std::ptrdiff_t>(take));
    std::array<iovec, 100> parts;
    std::vector<std::byte> seen;
    for (const iovec& part : std::span(parts).first(queue.view(parts))) {
      const auto* from = static_cast<const std::byte*>(part.iov_base);
      seen.insert(seen.end(), from, from + part.iov_len);
    }
    ASSERT_EQ(seen, expected);
  }
  queue.clear(pool);
  EXPECT_LE(pool.pages(), 4U);
  pool.trim();
  EXPECT_EQ(pool.pages(), 0U);
}

TEST(ledger, floors_and_extras_have_half_of_the_bound_each) {
  ledger link(1000, nullptr);
  EXPECT_TRUE(link.take(promise::floor, 500));
  EXPECT_FALSE(link.take(promise::floor, 1));
  EXPECT_TRUE(link.take(promise::extra, 499));
  EXPECT_FALSE(link.take(promise::extra, 2));
  EXPECT_TRUE(link.take(promise::extra, 1));
  link.give(promise::floor, 100);
  EXPECT_FALSE(link.take(promise::floor, 101));
  EXPECT_TRUE(link.take(promise::floor, 100));
  EXPECT_EQ(link.used(), 1000U);
}

TEST(ledger, links_share_the_programs_bound_and_give_back) {
  credit_pool pool(8 << 20);
  {
    ledger first(64 << 20, &pool);
    ledger second(64 << 20, &pool);
    EXPECT_TRUE(first.take(promise::extra, 1));  // draws a mebibyte
    EXPECT_EQ(pool.taken(), 1U << 20);
    EXPECT_TRUE(second.take(promise::extra, 3 << 20));
    EXPECT_FALSE(second.take(promise::extra, 1)) << "the first link sits on the rest";
    first.trim();
    EXPECT_EQ(pool.taken(), (3U << 20) + 1);
    EXPECT_TRUE(second.take(promise::extra, 1000)) << "less than the usual draw is left";
    EXPECT_TRUE(first.take(promise::floor, 4 << 20));
    EXPECT_FALSE(second.take(promise::floor, 1));
    first.give(promise::floor, 4 << 20);
    first.trim();
    EXPECT_TRUE(second.take(promise::floor, 1));
  }
  EXPECT_EQ(pool.taken(), 0U);
}

// --- streams -------------------------------------------------------------------------------------

TEST(stream_table, finds_what_lives_and_nothing_else) {
  stream_table table;
  std::vector<stream_id> living;
  stream_id next = 1;
  std::uint32_t seed = 9;
  for (int round = 0; round < 20'000; ++round) {
    seed = seed * 1'664'525 + 1'013'904'223;
    if (living.size() < 700 && seed % 5 < 3) {
      ASSERT_EQ(table.find(next), nullptr);
      stream& fresh = table.insert(next);
      ASSERT_EQ(fresh.id, next);
      ASSERT_EQ(fresh.state, stream_state::open);
      living.push_back(next++);
    } else if (!living.empty()) {
      // Some stay for ever, most go soon.
      const std::size_t at = living.size() / 3 + seed / 7 % (living.size() - living.size() / 3);
      table.erase(*table.find(living[at]));
      ASSERT_EQ(table.find(living[at]), nullptr);
      living.erase(living.begin() + static_cast<std::ptrdiff_t>(at));
    }
    ASSERT_EQ(table.size(), living.size());
  }
  for (const stream_id id : living) {
    ASSERT_NE(table.find(id), nullptr);
    EXPECT_EQ(table.find(id)->id, id);
  }
  std::uint64_t sum = 0;
  table.for_each([&](const stream& s) { sum += s.id; });
  EXPECT_EQ(sum, std::accumulate(living.begin(), living.end(), std::uint64_t{0}));
}

TEST(stream_table, an_entry_is_small_and_stays_where_it_is) {
  EXPECT_LE(sizeof(stream), 256U);
  stream_table table;
  stream* first = &table.insert(1);
  for (stream_id id = 2; id < 3000; ++id) table.insert(id);
  EXPECT_EQ(table.find(1), first);
  EXPECT_LE(table.held_bytes() / table.size(), 320U);
}

TEST(stream_list, takes_out_from_anywhere) {
  stream_list<&stream::turn> list;
  std::array<stream, 4> streams;
  for (stream& each : streams) list.push_back(each);
  list.push_back(streams[0]);  // stands in it already
  list.remove(streams[2]);
  list.remove(streams[2]);
  for (const std::size_t expected : {0U, 1U, 3U}) {
    ASSERT_EQ(list.front(), &streams[expected]);
    list.remove(streams[expected]);
  }
  EXPECT_TRUE(list.empty());
  list.push_back(streams[2]);
  EXPECT_EQ(list.front(), &streams[2]);
}

// --- what waits to be written --------------------------------------------------------------------

void put(outbox& box, stream_id id, std::size_t size) {
  const bytes_span room = box.prepare_whole(size);
  std::ranges::fill(room, static_cast<std::byte>(id));
  box.commit(id, frame_type::data, size);
}

std::vector<std::byte> gathered(outbox& box, bool with_data = true) {
  std::array<iovec, 16> parts;
  std::vector<std::byte> bytes;
  for (const iovec& part : std::span(parts).first(box.gather(parts, with_data))) {
    const auto* from = static_cast<const std::byte*>(part.iov_base);
    bytes.insert(bytes.end(), from, from + part.iov_len);
  }
  return bytes;
}

TEST(outbox, a_cut_frame_goes_first_then_control_then_data) {
  for (std::size_t cut = 1; cut < 2 * (header_size + 20); ++cut) {
    outbox box;
    put(box, 1, 20);
    put(box, 2, 20);
    std::vector<stream_id> done;
    const auto through = [&](stream_id id) { done.push_back(id); };
    auto bytes = gathered(box);
    bytes.resize(cut);
    box.wrote(cut, through);
    box.staged(write_ping(5, box.stage()));
    const std::size_t frame = header_size + 20;
    const std::size_t rest_of_cut = (frame - cut % frame) % frame;
    const auto rest = gathered(box);
    EXPECT_EQ(rest.size(), 2 * frame - cut + header_size + 8);
    EXPECT_EQ(load_header(rest.data() + rest_of_cut).type, frame_type::ping);
    // Even when that is written byte by byte, the order stays.
    for (std::size_t i = 0; i < rest.size(); ++i) {
      bytes.push_back(gathered(box).at(0));
      box.wrote(1, through);
    }
    EXPECT_TRUE(box.empty());
    EXPECT_EQ(done, (std::vector<stream_id>{1, 2}));
    EXPECT_EQ(bytes.size(), 2 * frame + header_size + 8);
  }
}

TEST(outbox, drops_one_streams_frames_but_not_a_cut_one) {
  outbox box;
  for (int i = 0; i < 30; ++i) put(box, 1 + static_cast<stream_id>(i % 3), 10'000);
  box.wrote(100, [](stream_id) { FAIL(); });  // stream 1's first frame is cut
  EXPECT_EQ(box.drop(1), 9U);
  EXPECT_EQ(box.drop(2), 10U);
  EXPECT_EQ(box.data_size(), header_size + 10'000 - 100 + 10 * (header_size + 10'000));
  std::vector<stream_id> done;
  const auto bytes = gathered(box);
  EXPECT_EQ(bytes.size(), box.data_size());
  box.wrote(bytes.size(), [&](stream_id id) { done.push_back(id); });
  EXPECT_EQ(done.size(), 11U);
  EXPECT_EQ(done.front(), 1U);
  EXPECT_EQ(done.back(), 3U);
  EXPECT_TRUE(box.empty());
  box.trim();
  EXPECT_EQ(box.held_bytes(), 0U);
}

TEST(outbox, control_has_a_bound_and_data_waits_for_the_rest_of_it) {
  outbox box;
  put(box, 1, 10);
  std::size_t staged = 0;
  while (std::byte* to = box.stage()) {
    box.staged(write_ping(1, to));
    ASSERT_LT(++staged, 2000U);
  }
  const auto bytes = gathered(box, false);
  EXPECT_EQ(bytes.size(), staged * (header_size + 8));
  box.wrote(bytes.size(), [](stream_id) { FAIL(); });
  EXPECT_NE(box.stage(), nullptr);
  EXPECT_EQ(gathered(box).size(), header_size + 10);
}

TEST(outbox, offers_room_for_any_frame_and_no_tiny_rests) {
  outbox box;
  EXPECT_EQ(box.prepare(longest_data).size(), longest_data);
  box.commit(1, frame_type::data, 60'000);
  const std::size_t rest = box.prepare(longest_data).size();
  EXPECT_GE(rest, 4096U);
  box.commit(1, frame_type::data, rest);
  EXPECT_EQ(box.prepare(100).size(), 100U);
  EXPECT_EQ(box.prepare(longest_data).size(), longest_data);
}

// --- liveness ------------------------------------------------------------------------------------

/// Ticks once a second for `seconds`, saying what TCP has acknowledged at each; returns the second
/// in which the verdict came, or 0.
template <class Acknowledged>
int second_of(liveness::verdict wanted, int seconds, Acknowledged&& acknowledged) {
  const steady_time start{};
  liveness peer(start);
  peer.heard(start);
  for (int second = 1; second <= seconds; ++second) {
    const steady_time now = start + std::chrono::seconds(second);
    const auto verdict = peer.tick(now, acknowledged(second));
    if (verdict == wanted) return second;
    if (verdict == liveness::verdict::ask) {
      peer.asked(now);
      peer.sent(now, 1'000'000);  // the PING is the last of a megabyte
    }
  }
  return 0;
}

TEST(liveness, asks_after_five_seconds_of_silence) {
  EXPECT_EQ(second_of(liveness::verdict::ask, 30, [](int) { return 0U; }), 5);
}

TEST(liveness, dead_when_nothing_is_acknowledged_for_ten_seconds) {
  EXPECT_EQ(second_of(liveness::verdict::dead, 60, [](int) { return 0U; }), 15);
  // Until the 8th second it still moved.
  EXPECT_EQ(second_of(liveness::verdict::dead, 60,
                      [](int second) { return static_cast<unsigned>(std::min(second, 8)); }),
            18);
}

TEST(liveness, dead_when_the_ping_was_acknowledged_and_not_answered) {
  EXPECT_EQ(second_of(liveness::verdict::dead, 60,
                      [](int second) {
                        // Everything at once, and more later: the peer's kernel lives.
                        return second < 6 ? 0U : 1'000'000U + static_cast<unsigned>(second);
                      }),
            15);
}

TEST(liveness, a_slow_network_lives_while_it_moves) {
  EXPECT_EQ(second_of(liveness::verdict::dead, 600,
                      [](int second) { return static_cast<unsigned>(second) * 1000; }),
            0);
}

TEST(liveness, any_byte_answers) {
  const steady_time start{};
  liveness peer(start);
  peer.asked(start);
  peer.sent(start, 16);
  EXPECT_FALSE(peer.suspect(start + 999ms));
  EXPECT_TRUE(peer.suspect(start + 1s));
  peer.heard(start + 9s);
  EXPECT_FALSE(peer.suspect(start + 60s));
  EXPECT_NE(peer.tick(start + 13s, 0), liveness::verdict::dead);
}

TEST(liveness, measures_the_round_trip_of_its_own_pings) {
  const steady_time start{};
  liveness peer(start);
  EXPECT_EQ(peer.round_trip(), std::nullopt);
  peer.answered(0, start + 1ms);
  peer.asked(start);
  peer.answered(peer.ping_number(), start + 1ms);
  EXPECT_EQ(peer.round_trip(), std::nullopt) << "before it was sent";
  peer.sent(start + 2ms, 16);
  peer.answered(peer.ping_number() + 1, start + 3ms);
  EXPECT_EQ(peer.round_trip(), std::nullopt);
  peer.answered(peer.ping_number(), start + 9ms);
  EXPECT_EQ(peer.round_trip(), 7ms);
  peer.answered(peer.ping_number(), start + 20ms);
  EXPECT_EQ(peer.round_trip(), 7ms) << "said twice";
}

}  // namespace
}  // namespace frpx::link
