// A worker's wake-ups: a relay that passes a small exchange on over loopback, and a coroutine's
// bell.
#include <sys/socket.h>

#include <array>

#include "bench/micro/counted.hpp"
#include "net/task_group.hpp"
#include "net/wakeup.hpp"
#include "tests/support/event_loop.hpp"

namespace frpx::net {
namespace {

using bench::counted;

// Four socket calls of ours (two reads, two writes) and four of the ends, with the wake-ups.
void relay_exchange(benchmark::State& state) {
  test::event_loop loop;
  test::tcp_pair visitor;
  test::tcp_pair service;
  loop->relays().start(visitor.take_ours(loop), service.take_ours(loop));
  std::array<char, 100> message{};
  const auto pass = [&](const unique_fd& from, const unique_fd& to) {
    if (::send(from.get(), message.data(), message.size(), 0) < 0) return false;
    return loop.run_until([&] { return ::recv(to.get(), message.data(), message.size(), 0) > 0; });
  };
  const auto exchange = [&] {
    return pass(visitor.theirs, service.theirs) && pass(service.theirs, visitor.theirs);
  };
  for (int i = 0; i < 100; ++i) exchange();
  {
    const counted each(state);
    for (auto _ : state) {
      if (!exchange()) state.SkipWithError("it did not arrive");
    }
  }
  loop->relays().reset_all();
}
BENCHMARK(relay_exchange);

boost::asio::awaitable<void> count_rings(wakeup& bell, std::uint64_t& rings) {
  for (;;) {
    co_await bell.wait();
    ++rings;
  }
}

void ring_a_coroutine(benchmark::State& state) {
  test::event_loop loop;
  task_group group(loop->loop());
  wakeup bell(loop->events());
  std::uint64_t rings = 0;
  group.spawn(count_rings(bell, rings));
  loop.settle();
  {
    const counted each(state);
    for (auto _ : state) {
      bell.ring();
      loop.settle();
    }
  }
  if (rings < static_cast<std::uint64_t>(state.iterations())) state.SkipWithError("it slept on");
  group.cancel();
  loop.settle();
}
BENCHMARK(ring_a_coroutine);

}  // namespace
}  // namespace frpx::net
