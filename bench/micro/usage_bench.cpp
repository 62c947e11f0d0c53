// What a key's limits and the count of what it used cost each request.
#include <benchmark/benchmark.h>

#include <string>

#include "bench/micro/counted.hpp"
#include "gateway/usage_table.hpp"
#include "http/token_scanner.hpp"
#include "identity/key_meter.hpp"

namespace frpx {
namespace {

using namespace std::chrono_literals;

void enter_and_leave(benchmark::State& state) {
  static identity::key_meter meter;
  const store::key_limits limits{.per_minute = store::key_limits::largest, .at_once = 1000};
  // A clock in which the bucket is never empty.
  steady_time now = steady_clock::now() + 24h * (1 + state.thread_index());
  const bench::counted count(state);
  for (auto _ : state) {
    now += 1ms;
    if (meter.enter(limits, now).admitted) meter.leave();
  }
  state.SetItemsProcessed(state.iterations());
}

void count_a_request(benchmark::State& state) {
  gateway::usage_table table(10'000);
  const wall_time hour = std::chrono::floor<std::chrono::hours>(wall_clock::now());
  const store::usage one{1, 0, 200, 2000, 20, 40};
  for (int i = 0; i < state.range(0); ++i) {
    table.add("0123456789abcdef", "client_A", "model-" + std::to_string(i), hour, one);
  }
  const bench::counted count(state);
  for (auto _ : state) table.add("0123456789abcdef", "client_A", "model-0", hour, one);
  state.SetItemsProcessed(state.iterations());
}

void scan(benchmark::State& state, http::token_scanner::form form, const std::string& answer) {
  http::token_scanner scanner;
  const bench::counted count(state);
  for (auto _ : state) {
    scanner.start(form);
    scanner.feed(answer);
    benchmark::DoNotOptimize(scanner.found());
  }
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(answer.size()));
}

std::string event_with(const std::string& word) {
  return R"(data: {"id":"chatcmpl-123","object":"chat.completion.chunk","created":1700000000,)"
         R"("model":"llama3","choices":[{"index":0,"delta":{"content":")" +
         word + "\"},\"finish_reason\":null}]}\n\n";
}

void scan_a_token(benchmark::State& state) {
  scan(state, http::token_scanner::form::events, event_with(" word"));
}

void scan_a_text(benchmark::State& state) {
  scan(state, http::token_scanner::form::document,
       R"({"choices":[{"message":{"content":")" + std::string(16'000, 'x') +
           R"("}}],"usage":{"prompt_tokens":12,"completion_tokens":3000}})");
}

void scan_embeddings(benchmark::State& state) {
  std::string numbers = "-0.0123456";
  while (numbers.size() < 16'000) numbers += ",-0.0123456";
  scan(state, http::token_scanner::form::document,
       R"({"data":[{"embedding":[)" + numbers + R"(]}],"usage":{"prompt_tokens":12}})");
}

BENCHMARK(enter_and_leave)->ThreadRange(1, 2)->Name("key_limits/enter_and_leave");
BENCHMARK(count_a_request)->Arg(1)->Arg(10'000)->Name("usage/count_a_request");
BENCHMARK(scan_a_token)->Name("usage/scan_a_token");
BENCHMARK(scan_a_text)->Name("usage/scan_a_text_of_16_KB");
BENCHMARK(scan_embeddings)->Name("usage/scan_embeddings_of_16_KB");

}  // namespace
}  // namespace frpx
