// What parse_command takes, encode writes in a form that parses to the same command.
#include <cstdint>

#include "tests/fuzz/require.hpp"
#include "wire/frame.hpp"
#include "wire/frpx_command.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace frpx::wire;
  const auto first = parse_command({reinterpret_cast<const char*>(data), size});
  if (!first) return 0;
  const std::string frame = encode(*first);
  const auto second = parse_command(std::string_view(frame).substr(frame_header_size));
  REQUIRE(second && *second == *first);
  return 0;
}
