#include "net/token_bucket.hpp"

#include <gtest/gtest.h>

#include <array>
#include <thread>

#include "net/metered_stream.hpp"
#include "tests/support/event_loop.hpp"
#include "tests/support/memory_stream.hpp"

namespace frpx::net {
namespace {

using namespace std::chrono_literals;

// Takes all that may be taken, waiting as it is told, for so long; how much it was.
std::uint64_t taken_within(token_bucket& bucket, steady_clock::duration span, std::size_t at_most) {
  steady_time now{1h};
  const steady_time until = now + span;
  std::uint64_t sum = 0;
  while (now < until) {
    const std::size_t some = std::min(bucket.available(now), at_most);
    if (some == 0) {
      const steady_time next = bucket.ready_at(now);
      EXPECT_GT(next, now) << "it would wait for ever";
      now = next;
      continue;
    }
    bucket.take(some, now);
    sum += some;
  }
  return sum;
}

TEST(token_bucket, keeps_its_rate_whatever_the_pieces) {
  for (const std::uint64_t rate : {100ull, 1'500ull, 1'000'000ull, 5'000'000'000ull}) {
    for (const std::size_t piece : {std::size_t{1000}, std::size_t{65536}, ~std::size_t{0}}) {
      if (rate / piece > 1'000'000) continue;
      token_bucket bucket(rate);
      const double measured = static_cast<double>(taken_within(bucket, 10s, piece)) / 10;
      EXPECT_NEAR(measured / static_cast<double>(rate), 1, 0.05) << rate << " by " << piece;
    }
  }
}

TEST(token_bucket, what_was_not_taken_is_not_saved_up) {
  token_bucket bucket(1'000'000);
  bucket.take(1, steady_time(1h));
  EXPECT_LE(bucket.available(steady_time(2h)), 100'000U) << "a tenth of a second's worth";
}

TEST(token_bucket, threads_share_it) {
  token_bucket bucket(1'000'000);
  const steady_time now(1h);
  std::array<std::thread, 4> threads;
  for (auto& each : threads) {
    each = std::thread([&] {
      for (int i = 0; i < 10'000; ++i) bucket.take(100, now);
    });
  }
  for (auto& each : threads) each.join();
  EXPECT_EQ(bucket.available(now + 3'899ms), 0U) << "four seconds' worth were taken";
  EXPECT_GT(bucket.available(now + 4'000ms), 0U);
}

TEST(metered_stream, says_nothing_is_there_and_then_that_there_is) {
  struct listener final : stream::watcher {
    void on_ready(stream::readiness what) override { told |= what.readable; }
    bool told = false;
  } hears;
  test::event_loop loop;
  test::memory_peer peer;
  token_bucket bucket(10'000);
  metered_stream metered(std::make_unique<test::memory_stream>(peer), bucket, loop->timers());
  metered.watch(&hears);
  peer.send(std::string(5'000, 'x'));
  peer.finish();
  hears.told = false;
  std::array<std::byte, 65536> scratch;
  std::size_t sum = 0;
  int waits = 0;
  for (bool ended = false; !ended;) {
    const auto got = metered.read(scratch);
    sum += got.bytes.size();
    ended = got.state == io_state::ended;
    if (got.state != io_state::blocked) continue;
    ++waits;
    ASSERT_TRUE(loop.run_until([&] { return std::exchange(hears.told, false); }));
  }
  EXPECT_EQ(sum, 5'000U) << "and the end came behind them";
  EXPECT_GE(waits, 3);
  EXPECT_EQ(metered.plain_socket(), nullptr) << "it would be spliced past the bucket";
}

}  // namespace
}  // namespace frpx::net
