// Whatever fields a request of HTTP/2 has, what is said of it in HTTP/1 is one head with the same
// method, target and fields: nothing of it can become a second head or frame another body.
#include <cstdint>
#include <string_view>

#include "http/h2/request_text.hpp"
#include "http/head.hpp"
#include "tests/fuzz/require.hpp"

namespace {

using namespace frpx::http;

constexpr std::size_t limit = 16 * 1024;

std::string_view taken(std::string_view& bytes, char until) {
  const auto end = bytes.find(until);
  const auto part = bytes.substr(0, end);
  bytes.remove_prefix(end == bytes.npos ? bytes.size() : end + 1);
  return part;
}

}  // namespace

// The first byte says whether a body follows; then name \xff value \xfe, again and again.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const bool has_body = data[0] % 2 == 1;
  std::string_view bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
  h2::request_text text(limit);
  std::size_t fields = 0;
  while (!bytes.empty()) {
    const auto name = taken(bytes, '\xff');
    const auto value = taken(bytes, '\xfe');
    text.add(name, value);
    if (!name.starts_with(':')) ++fields;
  }
  const auto head = text.finish(has_body);
  if (!head) return 0;

  const head_limits wide{.head = 4 * limit, .target = 4 * limit};
  head_scanner scanner(wide);
  const auto end = scanner.scan_request(*head);
  REQUIRE(end && *end && **end == head->size());  // one head, whole
  request_head read;
  if (parse_request(*head, wide, read)) return 0;
  REQUIRE(read.fields.size() <= fields + 3);  // Host, Cookie, Transfer-Encoding
  REQUIRE((read.body.how == framing::kind::chunked) == text.is_chunked());
  REQUIRE(!read.wants_websocket && !read.connection.others && read.keep_alive());
  return 0;
}
