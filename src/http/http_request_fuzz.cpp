// A request head that is taken is found in any pieces, and what the rewriter writes of it is taken
// again and frames the same body: nothing can hide in a head from whoever reads it next.
#include <array>
#include <cstdint>

#include "http/head.hpp"
#include "http/rewrite.hpp"
#include "tests/fuzz/require.hpp"

namespace {

using namespace frpx::http;

std::size_t end_in_pieces(std::string_view bytes) {
  head_scanner scanner;
  for (std::size_t size = 0; size <= bytes.size(); ++size) {
    const auto end = scanner.scan_request(bytes.substr(0, size));
    if (!end) return 0;
    if (*end) return **end;
  }
  return 0;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  request_head head;
  static_cast<void>(parse_request(bytes, {}, head));  // whatever it is, without the scanner
  head_scanner scanner;
  const auto end = scanner.scan_request(bytes);
  if (!end || !*end) return 0;
  REQUIRE(end_in_pieces(bytes) == **end);
  if (parse_request(bytes.substr(0, **end), {}, head)) return 0;

  static std::array<char, 64 * 1024> out;
  const field extra[] = {{"X-Request-Id", "1", field_id::x_request_id}};
  const request_rules rules{.visitor_address = "192.0.2.1", .host = "localhost", .extra = extra};
  const auto written = write_request_head(head, rules, out);
  REQUIRE(written.has_value());
  const std::string_view text(out.data(), *written);

  const head_limits wide{.head = out.size()};
  head_scanner again_scanner(wide);
  const auto again_end = again_scanner.scan_request(text);
  REQUIRE(again_end && *again_end && **again_end == text.size());
  request_head again;
  const auto error = parse_request(text, wide, again);
  REQUIRE(!error || error == errc::too_many_fields || error == errc::target_too_long);
  if (error) return 0;
  // Of a request that says nothing of its body, it is said that there is none.
  const bool says_none = head.body.how == framing::kind::none &&
                         again.body.how == framing::kind::length && again.body.length == 0;
  REQUIRE(again.body == head.body || says_none);
  REQUIRE(again.method == head.method && again.path == head.path && again.query == head.query);
  REQUIRE(again.authority == "localhost" && again.keep_alive());
  REQUIRE(again.wants_websocket == head.wants_websocket);
  REQUIRE(again.fields.find(field_id::authorization) == nullptr);
  REQUIRE(again.fields.find(field_id::client_id) == nullptr);
  REQUIRE(again.fields.find(field_id::x_forwarded_for)->value == "192.0.2.1");
  return 0;
}
