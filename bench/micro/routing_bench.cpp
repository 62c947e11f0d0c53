// Whether a key is valid, and which of many clients serves.
#include <string>

#include "balance/policy.hpp"
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
    all.push_back(std::move(one));
  }
  const auto table = tunnel::make_routing(all, nullptr, true);
  for (std::size_t i = 9; i < all.size(); i += 10) all[i]->draining = true;
  return table;
}

// What each policy costs, with the gateway's conditions on a candidate.
void choose_client(benchmark::State& state, balance::policy by) {
  const auto table = clients(state.range(0));
  quick_random random(1);
  std::uint64_t key = 0;
  const counted each(state);
  for (auto _ : state) {
    benchmark::DoNotOptimize(table->all.odds.choose(
        by, ++key, random,
        [&](std::size_t i) {
          const tunnel::session& one = *table->all.who[i];
          return one.alive.load(std::memory_order_relaxed) &&
                 !one.draining.load(std::memory_order_relaxed) && one.has_room();
        },
        [&](std::size_t i) {
          const tunnel::session& one = *table->all.who[i];
          return balance::load{one.in_flight.load(std::memory_order_relaxed), one.facts().weight};
        }));
  }
}
BENCHMARK_CAPTURE(choose_client, random, balance::policy::random)->Arg(10)->Arg(1000)->Arg(10'000);
BENCHMARK_CAPTURE(choose_client, round_robin, balance::policy::round_robin)
    ->Arg(10)
    ->Arg(1000)
    ->Arg(10'000);
BENCHMARK_CAPTURE(choose_client, least_inflight, balance::policy::least_inflight)
    ->Arg(10)
    ->Arg(1000)
    ->Arg(10'000);
BENCHMARK_CAPTURE(choose_client, p2c, balance::policy::p2c)->Arg(10)->Arg(1000)->Arg(10'000);
BENCHMARK_CAPTURE(choose_client, sticky, balance::policy::sticky)->Arg(10)->Arg(1000)->Arg(10'000);

void find_model(benchmark::State& state) {
  const auto table = clients(state.range(0));
  const std::string model = "Model-3:latest";
  const counted each(state);
  for (auto _ : state) benchmark::DoNotOptimize(table->with_model(model));
}
BENCHMARK(find_model)->Arg(10)->Arg(1000)->Arg(10'000);

void make_snapshot(benchmark::State& state) {
  const auto table = clients(state.range(0));
  const counted each(state);
  for (auto _ : state) benchmark::DoNotOptimize(tunnel::make_routing(table->all.who));
}
BENCHMARK(make_snapshot)->Arg(10)->Arg(1000)->Arg(10'000);

}  // namespace
}  // namespace frpx
