// docs/proxylite.md, read back through the codec.
#include <gtest/gtest.h>

#include <fstream>
#include <regex>
#include <set>

#include "core/hex.hpp"
#include "wire/proxylite/message.hpp"
#include "wire/proxylite/segment.hpp"

namespace frpx::wire::proxylite {
namespace {

std::string without_spaces(std::string text) {
  std::erase(text, ' ');
  return text;
}

std::uint32_t number_in(const std::string& hex) {
  std::uint32_t value = 0;
  for (std::size_t i = 0; i < 4; ++i) {
    value |= static_cast<std::uint32_t>(std::stoul(hex.substr(2 * i, 2), nullptr, 16)) << (8 * i);
  }
  return value;
}

TEST(proxylite_page, every_example_is_a_message_of_the_codec) {
  std::ifstream page(FRPX_SOURCE_DIR "/docs/proxylite.md");
  const std::regex example("    ((?:[0-9a-f]{2} ){7}[0-9a-f]{2})(?:  (\\{.*\\}))?");
  std::set<std::size_t> kinds;
  for (std::string line; std::getline(page, line);) {
    std::smatch parts;
    if (!std::regex_match(line, parts, example)) continue;
    const std::string header = without_spaces(parts[1]);
    const std::string payload = parts[2];
    const auto parsed = parse_message({number_in(header), payload});
    ASSERT_TRUE(parsed) << line << ": " << parsed.error().message();
    const std::string bytes = encode(*parsed);
    EXPECT_EQ(to_hex(as_bytes(bytes).first(header_size)), header) << line;
    EXPECT_EQ(bytes.substr(header_size), payload);
    kinds.insert(parsed->index());
  }
  EXPECT_EQ(kinds.size(), std::variant_size_v<message>) << "a message without an example";
}

TEST(proxylite_page, the_segments_are_those_of_the_codec) {
  std::ifstream page(FRPX_SOURCE_DIR "/docs/proxylite.md");
  const std::regex line_of_segment("    40 00 00 00 (?:[0-9a-f]{2} ){11}[0-9a-f]{2}|    68 69");
  std::string hex;
  for (std::string line; std::getline(page, line);) {
    if (std::regex_match(line, line_of_segment)) hex += without_spaces(line);
  }
  std::string expected;
  for (const auto& [close, bytes] :
       {std::pair(0u, "hi"), std::pair(close_mark, ""), std::pair(0u, "")}) {
    std::byte header[segment_header_size];
    store_segment_header(0x01020304, close, std::string_view(bytes).size(), header);
    expected += to_hex(header) + to_hex(as_bytes(bytes));
  }
  EXPECT_EQ(hex, expected);
}

}  // namespace
}  // namespace frpx::wire::proxylite
