#include "net/framed_datagrams.hpp"

#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <vector>

#include "tests/support/event_loop.hpp"
#include "tests/support/memory_stream.hpp"

namespace frpx::net {
namespace {

struct keeper final : datagram_stream::watcher {
  void on_datagram(bytes_view datagram) override { got.emplace_back(as_text(datagram)); }
  void on_gone(error_code reason) override {
    why = reason;
    if (ends != nullptr) ends->reset();
  }
  std::vector<std::string> got;
  std::optional<error_code> why;
  std::unique_ptr<framed_datagrams>* ends = nullptr;
};

std::string framed(std::string_view text) {
  std::string out{static_cast<char>(text.size() >> 8), static_cast<char>(text.size() & 0xff)};
  return out.append(text);
}

class framed_datagrams_test : public testing::Test {
 protected:
  framed_datagrams_test()
      : stream_(std::make_unique<framed_datagrams>(loop_.worker(),
                                                   std::make_unique<test::memory_stream>(peer_))) {
    stream_->watch(&keeper_);
  }

  test::event_loop loop_;
  test::memory_peer peer_;
  keeper keeper_;
  std::unique_ptr<framed_datagrams> stream_;
};

TEST_F(framed_datagrams_test, writes_each_with_its_length) {
  peer_.make_room(1 << 20);
  const std::string longest(65'507, 'x');
  for (const std::string_view each :
       {std::string_view("one"), std::string_view(), std::string_view(longest)}) {
    stream_->send(as_bytes(each));
    loop_.settle();
  }
  EXPECT_EQ(peer_.taken(), framed("one") + framed("") + framed(longest));
  stream_->send(as_bytes(longest + "y"));
  loop_.settle();
  EXPECT_EQ(stream_->lost(), 1u);
}

TEST_F(framed_datagrams_test, reads_them_however_they_are_cut) {
  const std::vector<std::string> sent{"", "a", std::string(65'507, 'b'), "", "tail"};
  std::string bytes;
  for (const std::string& each : sent) bytes += framed(each);
  for (const std::size_t slice : {std::size_t{1}, std::size_t{3}, bytes.size()}) {
    keeper_.got.clear();
    peer_.slice(slice);
    peer_.send(bytes);
    ASSERT_TRUE(loop_.run_until([&] { return keeper_.got.size() == sent.size(); })) << slice;
    EXPECT_EQ(keeper_.got, sent);
  }
}

TEST_F(framed_datagrams_test, a_full_queue_drops_the_oldest_and_counts_it) {
  const std::string kilobyte(1020, 'x');  // 1024 where it waits
  for (int i = 0; i < 100; ++i) stream_->send(as_bytes(kilobyte));
  EXPECT_EQ(stream_->lost(), 36u);
  stream_->send(as_bytes("last"));
  EXPECT_EQ(stream_->lost(), 37u);
  peer_.make_room(1 << 20);
  loop_.settle();
  EXPECT_EQ(peer_.taken().size(), 63 * 1022 + 6u);
  EXPECT_TRUE(peer_.taken().ends_with(framed("last")));
}

TEST_F(framed_datagrams_test, what_is_partly_written_is_finished_whatever_is_dropped) {
  stream_->send(as_bytes(std::string(1000, 'a')));
  peer_.make_room(10);
  loop_.settle();
  for (int i = 0; i < 200; ++i) stream_->send(as_bytes(std::string(1000, 'b')));
  EXPECT_GT(stream_->lost(), 100u);
  peer_.make_room(1 << 20);
  loop_.settle();
  EXPECT_TRUE(
      peer_.taken().starts_with(framed(std::string(1000, 'a')) + framed(std::string(1000, 'b'))));
  EXPECT_EQ(peer_.taken().size() % 1002, 0u);
}

TEST_F(framed_datagrams_test, its_end_is_told_once_and_may_destroy_it) {
  keeper_.ends = &stream_;
  peer_.send(framed("before"));
  peer_.finish();
  ASSERT_TRUE(loop_.run_until([&] { return keeper_.why.has_value(); }));
  EXPECT_EQ(keeper_.got, std::vector<std::string>{"before"});
  EXPECT_EQ(stream_, nullptr);
}

TEST_F(framed_datagrams_test, a_length_that_no_datagram_has_ends_it) {
  peer_.send("\xff\xff");
  ASSERT_TRUE(loop_.run_until([&] { return keeper_.why.has_value(); }));
  EXPECT_EQ(*keeper_.why, boost::system::errc::protocol_error);
  stream_->send(as_bytes("late"));
  loop_.settle();
  EXPECT_EQ(stream_->lost(), 1u);
}

TEST_F(framed_datagrams_test, a_failed_write_is_told) {
  stream_->send(as_bytes("hello"));
  peer_.reset();
  ASSERT_TRUE(loop_.run_until([&] { return keeper_.why.has_value(); }));
}

}  // namespace
}  // namespace frpx::net
