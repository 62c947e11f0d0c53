#include "net/datagram_queue.hpp"

#include <gtest/gtest.h>

#include <string>

namespace frpx::net {
namespace {

std::string take(datagram_queue& from) {
  const std::string text(as_text(from.front()));
  from.pop();
  return text;
}

TEST(datagram_queue, keeps_order_and_boundaries) {
  datagram_queue queue(100);
  EXPECT_EQ(queue.push(as_bytes("one")), 0u);
  EXPECT_EQ(queue.push({}), 0u);
  EXPECT_EQ(queue.push(as_bytes("th"), as_bytes("ree")), 0u);
  std::vector<std::string> all;
  queue.each([&](bytes_view datagram) { all.emplace_back(as_text(datagram)); });
  EXPECT_EQ(all, (std::vector<std::string>{"one", "", "three"}));
  EXPECT_EQ(take(queue), "one");
  EXPECT_EQ(take(queue), "");
  EXPECT_EQ(take(queue), "three");
  EXPECT_TRUE(queue.empty());
}

TEST(datagram_queue, full_to_the_last_byte_and_one_past_it) {
  datagram_queue queue(20);
  EXPECT_EQ(queue.push(as_bytes("123456")), 0u);
  EXPECT_EQ(queue.push(as_bytes("abcdef")), 0u);  // 20 bytes with the prefixes
  EXPECT_EQ(queue.push({}), 1u);
  EXPECT_EQ(take(queue), "abcdef");
  EXPECT_EQ(take(queue), "");
}

TEST(datagram_queue, the_oldest_go_as_many_as_needed) {
  datagram_queue queue(64);
  for (const char* each : {"1", "2", "3", "4"}) queue.push(as_bytes(each));
  EXPECT_EQ(queue.push(as_bytes(std::string(50, 'x'))), 2u);
  EXPECT_EQ(take(queue), "3");
  EXPECT_EQ(take(queue), "4");
  EXPECT_EQ(take(queue).size(), 50u);
  EXPECT_TRUE(queue.empty());
}

TEST(datagram_queue, one_beyond_the_bound_is_lost_and_pushes_nothing_out) {
  datagram_queue queue(16);
  queue.push(as_bytes("kept"));
  EXPECT_EQ(queue.push(as_bytes(std::string(12, 'x'))), 1u);
  queue.pop();
  EXPECT_EQ(queue.push(as_bytes(std::string(13, 'x'))), 1u);
  EXPECT_TRUE(queue.empty());
}

TEST(datagram_queue, goes_on_for_ever) {
  datagram_queue queue(1000);
  std::size_t next = 0;
  std::size_t lost = 0;
  for (std::size_t i = 0; i < 10'000; ++i) {
    lost += queue.push(as_bytes(std::to_string(i) + std::string(i % 90, '.')));
    if (i % 3 != 0) continue;
    next += std::exchange(lost, 0);
    EXPECT_EQ(std::stoul(take(queue)), next++);
  }
}

}  // namespace
}  // namespace frpx::net
