// A request's head on its way through the gateway, and the model in its body.
#include <string>
#include <vector>

#include "bench/micro/counted.hpp"
#include "http/forward.hpp"
#include "http/model_name.hpp"
#include "http/rewrite.hpp"

namespace frpx::http {
namespace {

using bench::counted;

constexpr std::string_view request =
    "POST /v1/chat/completions HTTP/1.1\r\n"
    "Host: models.example.com\r\n"
    "User-Agent: OpenAI/Python 1.51.0\r\n"
    "Accept: application/json\r\n"
    "Accept-Encoding: gzip, deflate\r\n"
    "Authorization: Bearer frpx_cKZmz-kEWYQmOf-i3PNksHTAOvMUP_H5doOKJgPZYB4\r\n"
    "Content-Type: application/json\r\n"
    "Content-Length: 1024\r\n"
    "X-Stainless-Lang: python\r\n"
    "X-Stainless-Async: false\r\n\r\n";
constexpr std::string_view response =
    "HTTP/1.1 200 OK\r\n"
    "Server: nginx/1.22.1\r\n"
    "Date: Fri, 20 Nov 2026 10:00:00 GMT\r\n"
    "Content-Type: application/json\r\n"
    "Content-Length: 23\r\n"
    "Connection: keep-alive\r\n\r\n"
    "The quick brown fox ran";

void scan_request_head(benchmark::State& state) {
  head_scanner scanner;
  const counted each(state);
  for (auto _ : state) {
    scanner.reset();
    benchmark::DoNotOptimize(scanner.scan_request(request));
  }
}
BENCHMARK(scan_request_head);

void parse_request_head(benchmark::State& state) {
  request_head head;
  const counted each(state);
  for (auto _ : state) {
    if (parse_request(request, {}, head)) state.SkipWithError("not a request");
  }
}
BENCHMARK(parse_request_head);

void rewrite_request_head(benchmark::State& state) {
  request_head head;
  if (parse_request(request, {}, head)) state.SkipWithError("not a request");
  std::vector<char> out(8192);
  const counted each(state);
  for (auto _ : state) {
    benchmark::DoNotOptimize(write_request_head(head, {.visitor_address = "192.0.2.1"}, out));
  }
}
BENCHMARK(rewrite_request_head);

void forward_small_response(benchmark::State& state) {
  request_head head;
  if (parse_request(request, {}, head)) state.SkipWithError("not a request");
  const field extra[] = {{"X-Frpx-Client", "client_A", field_id::x_frpx_client}};
  response_forwarder forwarder;
  std::vector<char> out(64 * 1024);
  const counted each(state);
  for (auto _ : state) {
    forwarder.start(head, true, extra);
    benchmark::DoNotOptimize(forwarder.forward(response, out, true));
    if (!forwarder.complete()) state.SkipWithError("not complete");
  }
}
BENCHMARK(forward_small_response);

// The model first, as most clients send it, and behind so many bytes of conversation.
void find_model(benchmark::State& state) {
  const std::string talk(static_cast<std::size_t>(state.range(0)), 'x');
  const std::string body = R"({"messages":[{"role":"user","content":")" + talk +
                           R"("}],"model":"llama3.1:8b","stream":true})";
  model_finder finder;
  const counted each(state);
  for (auto _ : state) {
    finder.start();
    if (finder.feed(body) != model_finder::state::found) state.SkipWithError("no model");
  }
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(body.size()));
}
BENCHMARK(find_model)->Arg(0)->Arg(1024)->Arg(64 * 1024);

}  // namespace
}  // namespace frpx::http
