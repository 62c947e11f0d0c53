// Whether a key is valid, and which of many clients serves.
#include <string>

#include "balance/random.hpp"
#include "bench/micro/counted.hpp"
#include "identity/api_keys.hpp"
#include "identity/key_checker.hpp"
#include "store/memory/memory_store.hpp"
#include "tunnel/errc.hpp"
#include "tunnel/routing.hpp"

namespace frpx {
namespace {

using bench::counted;

void look_up_key(benchmark::State& state) {
  store::memory_store store;
  std::vector<std::string> keys;
  identity::key_checker checker(store, {});
  const steady_time now = steady_clock::now();
  for (std::int64_t i = 0; i < state.range(0); ++i) {
    identity::new_key made =
        identity::make_key("key-" + std::to_string(i), "", {}, wall_clock::now());
    if (!store.add_key(made.row)) state.SkipWithError("not added");
    keys.push_back(made.text.reveal());
    if (!checker.check(keys.back(), now).is_valid()) state.SkipWithError("not valid");
  }
  std::size_t turn = 0;
  const counted each(state);
  for (auto _ : state) {
    benchmark::DoNotOptimize(checker.cached(keys[++turn % keys.size()], now));
  }
}
BENCHMARK(look_up_key)->Arg(1)->Arg(1000)->Arg(10'000);

class silent_session final : public tunnel::session {
 public:
  explicit silent_session(std::uint64_t number)
      : session({.number = number, .client_id = "client-" + std::to_string(number)}) {}
  boost::asio::awaitable<result<std::unique_ptr<net::stream>>> open(net::worker&,
                                                                    tunnel::stream_wish) override {
    co_return tunnel::errc::session_gone;
  }
  void end(const std::string&) override {}
};

// Of so many clients, all with one of ten models and every tenth draining.
std::shared_ptr<const tunnel::routing> clients(std::int64_t count) {
  std::vector<std::shared_ptr<tunnel::session>> all;
  for (std::int64_t i = 0; i < count; ++i) {
    auto one = std::make_shared<silent_session>(static_cast<std::uint64_t>(i));
    one->models.push_back({.id = "model-" + std::to_string(i % 10)});
    one->draining = i % 10 == 9;
    all.push_back(std::move(one));
  }
  return tunnel::make_routing(std::move(all));
}

void choose_client(benchmark::State& state) {
  const auto table = clients(state.range(0));
  quick_random random(1);
  const counted each(state);
  for (auto _ : state) {
    benchmark::DoNotOptimize(balance::choose_random(table->all.size(), random, [&](std::size_t i) {
      const auto& one = *table->all[i];
      return one.alive.load(std::memory_order_relaxed) &&
             !one.draining.load(std::memory_order_relaxed);
    }));
  }
}
BENCHMARK(choose_client)->Arg(10)->Arg(1000)->Arg(10'000);

void choose_client_with_model(benchmark::State& state) {
  const auto table = clients(state.range(0));
  quick_random random(1);
  const std::string model = "model-3";
  const counted each(state);
  for (auto _ : state) {
    const auto having = table->with_model(model);
    benchmark::DoNotOptimize(
        balance::choose_random(having.size(), random, [](std::size_t) { return true; }));
  }
}
BENCHMARK(choose_client_with_model)->Arg(10)->Arg(1000)->Arg(10'000);

void make_snapshot(benchmark::State& state) {
  const auto table = clients(state.range(0));
  const counted each(state);
  for (auto _ : state) benchmark::DoNotOptimize(tunnel::make_routing(table->all));
}
BENCHMARK(make_snapshot)->Arg(10)->Arg(1000)->Arg(10'000);

}  // namespace
}  // namespace frpx
