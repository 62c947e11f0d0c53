// The frpx dialect's codec.
#include <cstring>

#include "bench/micro/counted.hpp"
#include "wire/frame.hpp"
#include "wire/frpx_command.hpp"

namespace frpx::wire {
namespace {

using bench::counted;

heartbeat heartbeat_with(std::int64_t models) {
  heartbeat all;
  for (std::int64_t i = 0; i < models; ++i) {
    all.models.push_back({.id = "llama3.1:8b-instruct-q4_K_M-" + std::to_string(i)});
  }
  return all;
}

void encode_heartbeat(benchmark::State& state) {
  const command all = heartbeat_with(state.range(0));
  const counted each(state);
  for (auto _ : state) benchmark::DoNotOptimize(encode(all));
}
BENCHMARK(encode_heartbeat)->Arg(1)->Arg(30);

void parse_heartbeat(benchmark::State& state) {
  const std::string frame = encode(heartbeat_with(state.range(0)));
  const std::string_view json = std::string_view(frame).substr(frame_header_size);
  if (!parse_command(json)) state.SkipWithError("not a command");
  const counted each(state);
  for (auto _ : state) benchmark::DoNotOptimize(parse_command(json));
}
BENCHMARK(parse_heartbeat)->Arg(1)->Arg(30);

void read_frames(benchmark::State& state) {
  const std::string frame = encode(register_client{.client_id = "client_A"});
  frame_reader reader;
  const counted each(state);
  for (auto _ : state) {
    const bytes_span room = reader.prepare();
    std::memcpy(room.data(), frame.data(), frame.size());
    reader.commit(frame.size());
    const auto json = reader.next();
    if (!json || !*json) state.SkipWithError("no frame");
  }
}
BENCHMARK(read_frames);

}  // namespace
}  // namespace frpx::wire
