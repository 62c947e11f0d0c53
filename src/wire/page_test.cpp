// docs/wire.md, read back through the codec.
#include <gtest/gtest.h>

#include <fstream>
#include <regex>
#include <set>

#include "core/hex.hpp"
#include "wire/frame.hpp"
#include "wire/frpx_command.hpp"

namespace frpx::wire {
namespace {

TEST(wire_page, every_example_is_a_frame_of_the_codec) {
  std::ifstream page(FRPX_SOURCE_DIR "/docs/wire.md");
  const std::regex example("    ((?:[0-9a-f]{2} ){4}) (\\{.*\\})");
  std::set<std::string> commands;
  for (std::string line; std::getline(page, line);) {
    std::smatch parts;
    if (!std::regex_match(line, parts, example)) continue;
    const std::string json = parts[2];
    std::string length = parts[1];
    std::erase(length, ' ');
    const auto parsed = parse_command(json);
    ASSERT_TRUE(parsed) << json << ": " << parsed.error().message();
    const std::string frame = encode(*parsed);
    EXPECT_EQ(frame.substr(frame_header_size), json);
    EXPECT_EQ(to_hex(as_bytes(frame.substr(0, frame_header_size))), length) << json;
    commands.emplace(name_of(*parsed));
  }
  EXPECT_EQ(commands.size(), std::variant_size_v<command>) << "a command without an example";
}

TEST(wire_page, the_frame_in_hex_is_the_registration) {
  std::ifstream page(FRPX_SOURCE_DIR "/docs/wire.md");
  std::string hex;
  const std::regex bytes("    (?:[0-9a-f]{2} ?){1,16}");
  for (std::string line; std::getline(page, line);) {
    if (std::regex_match(line, bytes)) hex += line;
  }
  std::erase(hex, ' ');
  EXPECT_EQ(hex.substr(0, 82), to_hex(as_bytes(encode(register_client{"client_A"}))));
}

}  // namespace
}  // namespace frpx::wire
