#include "wire/proxylite/segment.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "core/hex.hpp"
#include "wire/errc.hpp"

namespace frpx::wire::proxylite {
namespace {

std::string segment(std::uint32_t uid, std::uint32_t close, std::string_view bytes) {
  std::string header(segment_header_size, '\0');
  store_segment_header(uid, close, bytes.size(), reinterpret_cast<std::byte*>(header.data()));
  return header.append(bytes);
}

std::string header_of(std::uint32_t type, std::uint32_t length) {
  std::string header(8, '\0');
  auto* const to = reinterpret_cast<std::byte*>(header.data());
  store_little(type, to);
  store_little(length, to + 4);
  return header;
}

// What was read, one line for each segment: `uid:bytes`, `!` behind an end.
struct reading {
  std::vector<std::string> segments;
  error_code error;
};

reading read(std::string_view bytes, std::size_t slice) {
  segment_reader reader;
  reading all;
  std::uint32_t open = 0;
  while (!bytes.empty()) {
    bytes_view now = as_bytes(bytes.substr(0, slice));
    bytes.remove_prefix(now.size());
    for (;;) {
      const auto piece = reader.next(now);
      if (!piece) {
        all.error = piece.error();
        return all;
      }
      if (!*piece) break;
      // The test's segments have alternating uids, so a part of one is told by its uid.
      if ((*piece)->uid != open) all.segments.push_back(std::to_string((*piece)->uid) + ":");
      open = (*piece)->uid;
      all.segments.back() += as_text((*piece)->bytes);
      if ((*piece)->ends) all.segments.back() += "!";
    }
    EXPECT_TRUE(now.empty());
  }
  return all;
}

TEST(proxylite_segment, bytes_on_the_wire) {
  EXPECT_EQ(to_hex(as_bytes(segment(0x01020304, 0, "hi"))), "400000000a00000004030201000000006869");
  EXPECT_EQ(to_hex(as_bytes(segment(7, close_mark, ""))), "40000000080000000700000076030000");
}

TEST(proxylite_segment, is_read_however_it_is_cut) {
  const std::string bytes = segment(1, 0, "") + segment(2, 0, "hello") + segment(1, 886, "bye") +
                            segment(2, 1, "") + segment(9, 0, std::string(300, 'x'));
  const std::vector<std::string> expected = {"1:", "2:hello", "1:bye!", "2:!",
                                             "9:" + std::string(300, 'x')};
  for (const std::size_t slice : {1u, 2u, 5u, 16u, 17u, 1000u}) {
    const reading all = read(bytes, slice);
    EXPECT_FALSE(all.error);
    EXPECT_EQ(all.segments, expected) << slice;
  }
}

TEST(proxylite_segment, bytes_of_a_closing_segment_come_before_its_end) {
  segment_reader reader;
  const std::string bytes = segment(5, 886, "last words");
  bytes_view first = as_bytes(std::string_view(bytes).substr(0, 20));
  const auto begun = reader.next(first);
  ASSERT_TRUE(begun && *begun);
  EXPECT_FALSE((*begun)->ends);
  EXPECT_EQ(as_text((*begun)->bytes), "last");
  bytes_view rest = as_bytes(std::string_view(bytes).substr(20));
  const auto ended = reader.next(rest);
  ASSERT_TRUE(ended && *ended);
  EXPECT_TRUE((*ended)->ends);
  EXPECT_EQ(as_text((*ended)->bytes), " words");
}

TEST(proxylite_segment, refusals_come_with_the_eighth_byte) {
  const auto error_of = [](std::uint32_t type, std::uint32_t length) {
    return read(header_of(type, length), 8).error;
  };
  EXPECT_EQ(error_of(64, 7), errc::short_segment);
  EXPECT_EQ(error_of(64, 0), errc::short_segment);
  EXPECT_FALSE(error_of(64, 8));
  EXPECT_FALSE(error_of(64, longest_segment));
  EXPECT_EQ(error_of(64, longest_segment + 1), errc::frame_too_long);
  EXPECT_EQ(error_of(6, 8), errc::not_a_segment);
  EXPECT_EQ(error_of(0, 0), errc::not_a_segment);
}

}  // namespace
}  // namespace frpx::wire::proxylite
