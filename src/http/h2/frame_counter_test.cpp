#include "http/h2/frame_counter.hpp"

#include <gtest/gtest.h>

#include <string>

namespace frpx::http::h2 {
namespace {

// Of whatever type, with a payload that might be taken for headers.
std::string frame(std::size_t length) {
  std::string out(9 + length, '\0');
  for (std::size_t i = 0; i < 3; ++i) out[i] = static_cast<char>(length >> (16 - 8 * i));
  return out;
}

TEST(frame_counter, counts_each_frame_once_however_the_bytes_are_cut) {
  const std::string stream = "preface" + frame(4) + frame(0) + frame(70'000) + frame(300) + "123";
  for (const std::size_t slice : {1U, 2U, 7U, 8U, 9U, 10U, 100U, 65'536U, 1'000'000U}) {
    frame_counter counter(7);
    std::size_t frames = 0;
    for (std::size_t at = 0; at < stream.size(); at += slice) {
      frames += counter.count(as_bytes(std::string_view(stream).substr(at, slice)));
    }
    EXPECT_EQ(frames, 4u) << slice;
  }
}

TEST(frame_counter, counts_a_frame_when_its_header_has_ended) {
  frame_counter counter(0);
  const std::string one = frame(5);
  EXPECT_EQ(counter.count(as_bytes(one).first(8)), 0u);
  EXPECT_EQ(counter.count(as_bytes(one).subspan(8, 1)), 1u);
  EXPECT_EQ(counter.count(as_bytes(one).subspan(9)), 0u);
}

}  // namespace
}  // namespace frpx::http::h2
