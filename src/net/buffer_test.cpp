#include "net/buffer.hpp"

#include <gtest/gtest.h>

namespace frpx::net {
namespace {

TEST(buffer, says_beforehand_what_memory_it_will_take) {
  buffer_pool pool;
  buffer one(pool);
  const std::size_t sizes[] = {1, 1000, buffer_pool::block_size, 1, 60'000, 500'000, 1, 3'000'000};
  for (const std::size_t size : sizes) {
    const std::size_t expected = one.memory_for(size);
    one.prepare(size);
    EXPECT_EQ(one.memory(), expected) << size;
    one.commit(size);
    one.consume(one.size() / 3);  // so that room is made in front, too
  }
  one.release();
  EXPECT_EQ(one.memory(), 0u);
  EXPECT_EQ(one.memory_for(1), buffer_pool::block_size);
}

}  // namespace
}  // namespace frpx::net
