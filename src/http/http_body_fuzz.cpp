// A chunked body is decoded to the same payload however it is cut, and what is encoded of it
// decodes to that payload again. The first byte says how it is cut.
#include <cstdint>
#include <string>
#include <vector>

#include "http/body.hpp"
#include "tests/fuzz/require.hpp"

namespace {

using namespace frpx::http;

struct decoded {
  std::string payload;
  std::size_t consumed = 0;
  bool done = false;
  bool failed = false;

  bool operator==(const decoded&) const = default;
};

decoded decode(std::string_view bytes, std::size_t slice, std::size_t most) {
  body_decoder decoder({framing::kind::chunked, 0});
  decoded d;
  while (true) {
    const auto step = decoder.feed(bytes.substr(d.consumed, slice), most);
    if (!step) {
      d.failed = true;
      d.consumed = 0;  // how far it came before the error depends on the cuts
      return d;
    }
    REQUIRE(step->payload.size() <= most && step->consumed <= slice);
    d.payload += step->payload;
    d.consumed += step->consumed;
    if (step->consumed == 0) break;
  }
  d.done = decoder.done();
  return d;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
  const decoded whole = decode(bytes, size, size);
  REQUIRE(decode(bytes, 1U + data[0] % 16U, 1U + data[0] / 16U) == whole);

  std::string encoded;
  std::vector<char> room(6U + data[0]);
  for (std::string_view rest = whole.payload; !rest.empty();) {
    const std::string_view part = rest.substr(0, chunk_payload_fitting(room.size()));
    encoded.append(room.data(), write_chunk(part, room));
    rest.remove_prefix(part.size());
  }
  encoded += last_chunk;
  const decoded again = decode(encoded, encoded.size(), encoded.size());
  REQUIRE(again.done && again.payload == whole.payload && again.consumed == encoded.size());
  return 0;
}
