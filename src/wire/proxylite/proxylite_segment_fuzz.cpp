// A segment_reader finds the same bytes for the same uids however they are cut.
#include <algorithm>
#include <cstdint>
#include <string>
#include <vector>

#include "tests/fuzz/require.hpp"
#include "wire/proxylite/segment.hpp"

namespace {

using namespace frpx;

struct reading {
  std::vector<std::pair<std::uint32_t, std::string>> bytes;
  std::vector<std::uint32_t> ends;
  bool failed = false;
  bool operator==(const reading&) const = default;
};

reading read(bytes_view all, std::size_t slice) {
  wire::proxylite::segment_reader reader;
  reading seen;
  while (!all.empty() && !seen.failed) {
    bytes_view now = all.first(std::min(slice, all.size()));
    all = all.subspan(now.size());
    for (;;) {
      const auto piece = reader.next(now);
      seen.failed = !piece;
      if (!piece || !*piece) break;
      const bool goes_on = !seen.bytes.empty() && seen.bytes.back().first == (*piece)->uid;
      if (!goes_on) seen.bytes.emplace_back((*piece)->uid, "");
      seen.bytes.back().second += as_text((*piece)->bytes);
      if ((*piece)->ends) seen.ends.push_back((*piece)->uid);
    }
    REQUIRE(seen.failed || now.empty());
  }
  return seen;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto all = std::as_bytes(std::span(data, size));
  const reading whole = read(all, size + 1);
  for (const std::size_t slice : {1u, 7u, 16u}) {
    REQUIRE(read(all, slice) == whole);
  }
  return 0;
}
