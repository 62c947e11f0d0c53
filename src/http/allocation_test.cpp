// The way of a request allocates nothing: counted by replacing the program's operator new.
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "http/api_error.hpp"
#include "http/forward.hpp"
#include "http/model_name.hpp"

#ifndef FRPX_SANITIZED  // the sanitizers have their own

#include "tests/support/allocation_count.hpp"

namespace frpx::http {
namespace {

TEST(allocation, a_steady_exchange_makes_none) {
  const std::string request =
      "POST /v1/chat/completions HTTP/1.1\r\nHost: example.com\r\nUser-Agent: curl/8\r\n"
      "Authorization: Bearer some-long-key-that-does-not-fit-a-small-string\r\n"
      "Transfer-Encoding: chunked\r\n\r\n";
  const std::string body = "10\r\n{\"model\":\"name\"}\r\n0\r\n\r\n";
  const std::string response =
      "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n\r\nhello";
  const field extra[] = {{"X-Frpx-Client", "c1", field_id::x_frpx_client}};
  std::vector<char> out(64 * 1024);
  request_head head;
  head_scanner scanner;
  request_forwarder requests;
  response_forwarder responses;
  model_finder models;

  const auto exchange = [&] {
    scanner.reset();
    const auto end = scanner.scan_request(request);
    if (!end || !*end || parse_request(request, {}, head)) {
      return false;
    }
    if (key_in(head.fields.find(field_id::authorization)->value).empty()) return false;
    if (!write_request_head(head, {.visitor_address = "192.0.2.1", .extra = extra}, out)) {
      return false;
    }
    models.start();
    if (models.feed(R"({"stream":true,"model":"name"})") != model_finder::state::found)
      return false;
    if (requests.start(head) || !requests.forward(body, out)) return false;
    responses.start(head, true, extra);
    if (!responses.forward(response, out, true) || !responses.end_of_stream(out)) return false;
    return requests.complete() && responses.complete();
  };
  ASSERT_TRUE(exchange());  // buffers that are kept may be made here
  const std::size_t before = test::allocations;
  for (int i = 0; i < 100; ++i) ASSERT_TRUE(exchange());
  EXPECT_EQ(test::allocations - before, 0u);
}

}  // namespace
}  // namespace frpx::http

#endif
