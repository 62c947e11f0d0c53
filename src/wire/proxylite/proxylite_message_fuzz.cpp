// What parse_message takes, encode writes in a form that parses to the same message. The first byte
// is the message's type.
#include <cstdint>

#include "core/bytes.hpp"
#include "tests/fuzz/require.hpp"
#include "wire/proxylite/message.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace frpx::wire::proxylite;
  if (size == 0) return 0;
  const std::string_view payload(reinterpret_cast<const char*>(data) + 1, size - 1);
  const auto first = parse_message({data[0], payload});
  if (!first) return 0;
  const std::string bytes = encode(*first);
  const auto again = parse_message({frpx::load_little<std::uint32_t>(frpx::as_bytes(bytes).data()),
                                    std::string_view(bytes).substr(header_size)});
  // A time keeps its microseconds only, so what is written again is what must stay.
  REQUIRE(again && encode(*again) == bytes);
  return 0;
}
