// A frame_reader finds the same frames however the bytes are cut, and holds no more memory than
// what has arrived needs.
#include <algorithm>
#include <cstdint>
#include <string>
#include <vector>

#include "tests/fuzz/require.hpp"
#include "wire/frame.hpp"

namespace {

using namespace frpx;

struct frames {
  std::vector<std::string> texts;
  bool failed = false;
  std::string rest;

  bool operator==(const frames&) const = default;
};

frames read(std::string_view bytes, std::size_t slice) {
  wire::frame_reader reader(600);
  frames all;
  std::size_t arrived = 0;
  while (true) {
    while (true) {
      const auto frame = reader.next();
      if (!frame) all.failed = true;
      if (!frame || !*frame) break;
      all.texts.emplace_back(**frame);
      all.rest = as_text(reader.rest());
    }
    if (all.failed || bytes.empty()) return all;
    const bytes_span room = reader.prepare();
    const std::size_t size = std::min({slice, bytes.size(), room.size()});
    REQUIRE(size > 0);
    std::copy_n(as_bytes(bytes).begin(), size, room.begin());
    reader.commit(size);
    bytes.remove_prefix(size);
    arrived += size;
    REQUIRE(reader.memory() <= std::max(wire::frame_reader::idle_size, 2 * arrived));
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  frames whole = read(bytes, size + 1);
  frames cut = read(bytes, 3);
  whole.rest.clear();  // how much is read behind a frame depends on the cuts
  cut.rest.clear();
  REQUIRE(whole == cut);
  for (const std::string& text : whole.texts) {
    REQUIRE(read(wire::encode_frame(text), 7).texts == std::vector{text});
  }
  return 0;
}
