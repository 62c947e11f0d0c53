// A response head that is taken is found in any pieces, and what the rewriter writes of it is taken
// again and frames the same body.
#include <array>
#include <cstdint>

#include "http/head.hpp"
#include "http/rewrite.hpp"
#include "tests/fuzz/require.hpp"

namespace {

using namespace frpx::http;

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  response_head head;
  static_cast<void>(parse_response(bytes, {}, head));
  head_scanner whole;
  head_scanner pieces;
  const auto end = whole.scan_response(bytes);
  for (std::size_t i = 0; end && *end && i <= **end; ++i) {
    const auto found = pieces.scan_response(bytes.substr(0, i));
    REQUIRE(found && found->has_value() == (i == **end));
  }
  if (!end || !*end || parse_response(bytes.substr(0, **end), {}, head) || head.status < 200) {
    return 0;
  }
  static std::array<char, 64 * 1024> out;
  const response_rules rules{.body = head.body(false), .keep_alive = true};
  const auto written = write_response_head(head, rules, out);
  REQUIRE(written.has_value());
  response_head again;
  const auto error = parse_response({out.data(), *written}, {.head = out.size()}, again);
  REQUIRE(!error || error == errc::too_many_fields);
  if (error) return 0;
  REQUIRE(again.status == head.status && again.reason == head.reason);
  REQUIRE(again.body(false) == head.body(false) && again.keep_alive());
  return 0;
}
