// What a request of HTTP/2 costs beside its frames: said in HTTP/1, and its answer said back.
#include <string>
#include <utility>

#include "bench/micro/counted.hpp"
#include "http/h2/answer_reader.hpp"
#include "http/h2/request_text.hpp"

namespace frpx::http::h2 {
namespace {

using bench::counted;

constexpr std::pair<std::string_view, std::string_view> fields[] = {
    {":method", "POST"},
    {":scheme", "http"},
    {":path", "/v1/chat/completions"},
    {":authority", "models.example.com"},
    {"user-agent", "OpenAI/Python 1.51.0"},
    {"accept", "application/json"},
    {"accept-encoding", "gzip, deflate"},
    {"authorization", "Bearer frpx_cKZmz-kEWYQmOf-i3PNksHTAOvMUP_H5doOKJgPZYB4"},
    {"content-type", "application/json"},
    {"content-length", "1024"},
};
constexpr std::string_view answer =
    "HTTP/1.1 200 OK\r\n"
    "Server: nginx/1.22.1\r\n"
    "Date: Fri, 20 Nov 2026 10:00:00 GMT\r\n"
    "Content-Type: application/json\r\n"
    "Content-Length: 23\r\n"
    "Via: 1.1 frpx\r\n"
    "X-Request-Id: 00112233445566778899aabbccddeeff\r\n"
    "X-Frpx-Client: client_A\r\n\r\n"
    "The quick brown fox ran";

void h2_request_to_text(benchmark::State& state) {
  const counted each(state);
  for (auto _ : state) {
    request_text text(32 * 1024);
    for (const auto& [name, value] : fields) text.add(name, value);
    if (!text.finish(true)) state.SkipWithError("not a request");
  }
}
BENCHMARK(h2_request_to_text);

void h2_answer_to_fields(benchmark::State& state) {
  field_list list;
  response_head head;
  const counted each(state);
  for (auto _ : state) {
    answer_reader reader;
    auto rest = answer;
    const auto step = reader.feed(rest, rest.size(), head);
    if (!step) state.SkipWithError("not an answer");
    list.take(head);
    benchmark::DoNotOptimize(list.entries().data());
    rest.remove_prefix(step->consumed);
    benchmark::DoNotOptimize(reader.feed(rest, rest.size(), head));
    if (!reader.complete()) state.SkipWithError("not complete");
  }
}
BENCHMARK(h2_answer_to_fields);

}  // namespace
}  // namespace frpx::http::h2
