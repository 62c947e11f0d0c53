#include "wire/frame.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "wire/errc.hpp"

namespace frpx::wire {
namespace {

/// Gives `bytes` to the reader in pieces of at most `slice` and collects the frames.
std::vector<std::string> read_all(frame_reader& reader, std::string_view bytes, std::size_t slice) {
  std::vector<std::string> frames;
  while (true) {
    while (true) {
      const auto frame = reader.next();
      if (!frame || !*frame) break;
      frames.emplace_back(**frame);
    }
    if (bytes.empty()) return frames;
    const bytes_span room = reader.prepare();
    EXPECT_FALSE(room.empty());
    const std::size_t size = std::min({slice, bytes.size(), room.size()});
    std::copy_n(as_bytes(bytes).begin(), size, room.begin());
    reader.commit(size);
    bytes.remove_prefix(size);
  }
}

std::string header(std::uint32_t length) {
  std::byte raw[frame_header_size];
  store_big(length, raw);
  return std::string(as_text(raw));
}

TEST(frame, has_the_bytes_of_the_protocol_page) {
  const std::string json = R"({"Register":{"client_id":"client_A"}})";
  EXPECT_EQ(encode_frame(json), std::string("\0\0\0\x25", 4) + json);
}

TEST(frame, is_found_however_the_bytes_are_cut) {
  const std::vector<std::string> sent = {"{}",
                                         std::string(3000, 'a'),
                                         "b",
                                         std::string(1020, 'c'),
                                         std::string(1021, 'd'),
                                         std::string(40000, 'e'),
                                         "f"};
  std::string bytes;
  for (const std::string& json : sent) bytes += encode_frame(json);
  for (const std::size_t slice : {1u, 2u, 3u, 1000u, 1024u, 4096u, 100000u}) {
    frame_reader reader;
    EXPECT_EQ(read_all(reader, bytes, slice), sent) << slice;
  }
}

TEST(frame, of_no_bytes_is_an_error) {
  frame_reader reader;
  EXPECT_TRUE(read_all(reader, header(0), 4).empty());
  EXPECT_EQ(reader.next().error(), errc::empty_frame);
}

TEST(frame, is_refused_one_past_the_limit_before_its_bytes_come) {
  for (const std::uint32_t length : {65537u, 1u << 20, 0xffffffffu}) {
    frame_reader reader;
    EXPECT_TRUE(read_all(reader, header(length), 4).empty());
    EXPECT_EQ(reader.next().error(), errc::frame_too_long) << length;
    EXPECT_EQ(reader.next().error(), errc::frame_too_long) << "stays";
    EXPECT_LE(reader.memory(), frame_reader::idle_size);
  }
  frame_reader reader;
  const std::string largest(frame_limit_before_login, 'x');
  EXPECT_EQ(read_all(reader, encode_frame(largest), 5000).size(), 1u);
}

TEST(frame, limit_can_be_raised_for_what_is_buffered_already) {
  frame_reader reader(2);
  EXPECT_EQ(read_all(reader, encode_frame("{}") + encode_frame("abc"), 100).size(), 1u);
  EXPECT_EQ(reader.next().error(), errc::frame_too_long);
  reader.set_limit(3);
  const auto frame = reader.next();
  ASSERT_TRUE(frame && *frame);
  EXPECT_EQ(**frame, "abc");
}

TEST(frame, memory_follows_what_has_arrived_and_goes_back) {
  frame_reader reader(frame_limit);
  read_all(reader, header(frame_limit), 4);
  EXPECT_LE(reader.memory(), frame_reader::idle_size) << "announced only";
  EXPECT_EQ(read_all(reader, std::string(frame_limit, 'x'), 10000).size(), 1u);
  EXPECT_GE(reader.memory(), frame_limit);
  EXPECT_LE(reader.memory(), 2 * (frame_limit + frame_header_size));
  // The first byte of the next frame does not hold the memory of the last one.
  std::copy_n(as_bytes("\0").begin(), 1, reader.prepare().begin());
  reader.commit(1);
  EXPECT_FALSE(reader.prepare().empty());
  EXPECT_EQ(reader.memory(), frame_reader::idle_size);
}

TEST(frame, rest_is_what_was_read_behind_it) {
  frame_reader reader;
  EXPECT_TRUE(reader.rest().empty());
  const std::string bytes = encode_frame("{}") + "raw bytes";
  const bytes_span room = reader.prepare();
  std::copy_n(as_bytes(bytes).begin(), bytes.size(), room.begin());
  reader.commit(bytes.size());
  ASSERT_EQ(**reader.next(), "{}");
  EXPECT_EQ(as_text(reader.rest()), "raw bytes");
}

}  // namespace
}  // namespace frpx::wire
