// How many API keys are checked in a second, by whom: this process's memory, Redis, SQLite,
// PostgreSQL. The servers are real ones, started here, on loopback and without fsync.
#include <benchmark/benchmark.h>
#include <sodium.h>

#include "cache/redis/redis_cache.hpp"
#include "identity/api_keys.hpp"
#include "identity/key_checker.hpp"
#include "tests/support/real_servers.hpp"

namespace frpx {
namespace {

using namespace std::chrono_literals;

// A store with one key, and what is in front of it.
struct house {
  explicit house(const std::string& url) : store(store::open(url).value()) {
    const auto made = identity::make_key("bench", "", std::nullopt, wall_clock::now());
    store->add_key(made.row).value();
    key = made.text.reveal();
  }
  std::unique_ptr<store::store> store;
  std::string key;
};

house& on_sqlite() {
  static const test::temporary_folder folder;
  static house one("sqlite:" + (folder / "frpx.db"));
  return one;
}

house& on_postgres() {
  static house one(test::shared_postgres().make_database());
  return one;
}

void run(benchmark::State& state, identity::key_checker& keys, const std::string& key,
         identity::answered_by expected) {
  for (auto _ : state) {
    const auto said = keys.check(key, steady_clock::now());
    if (!said.is_valid() || said.by != expected) state.SkipWithError("answered by another");
  }
  state.SetItemsProcessed(state.iterations());
}

void from_process(benchmark::State& state) {
  house& at = on_sqlite();
  static identity::key_checker keys(*at.store, {.fresh_for = 1h});
  (void)keys.check(at.key, steady_clock::now());
  for (auto _ : state) {
    const auto said = keys.cached(at.key, steady_clock::now());
    if (!said || !said->is_valid()) state.SkipWithError("not known");
  }
  state.SetItemsProcessed(state.iterations());
}

void from_redis(benchmark::State& state) {
  static test::redis_server server;
  static cache::redis_cache shared(cache::parse_redis_url(server.url()).value(), "bench");
  house& at = on_sqlite();
  // Nothing is fresh, so that each check goes to Redis.
  static identity::key_checker keys(*at.store, {.shared = &shared, .fresh_for = 0ms});
  static const bool warm =
      keys.refresh().has_value() && keys.check(at.key, steady_clock::now()).is_valid();
  if (!warm) state.SkipWithError("no Redis");
  run(state, keys, at.key, identity::answered_by::redis);
}

void from_sqlite(benchmark::State& state) {
  house& at = on_sqlite();
  static identity::key_checker keys(*at.store, {.fresh_for = 0ms});
  run(state, keys, at.key, identity::answered_by::database);
}

void from_postgres(benchmark::State& state) {
  house& at = on_postgres();
  static identity::key_checker keys(*at.store, {.fresh_for = 0ms});
  run(state, keys, at.key, identity::answered_by::database);
}

BENCHMARK(from_process)->UseRealTime();
BENCHMARK(from_process)->UseRealTime()->Threads(2);
BENCHMARK(from_redis)->UseRealTime();
BENCHMARK(from_sqlite)->UseRealTime();
BENCHMARK(from_postgres)->UseRealTime();

}  // namespace
}  // namespace frpx
