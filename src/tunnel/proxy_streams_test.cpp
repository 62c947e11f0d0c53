#include "tunnel/frpx/proxy_streams.hpp"

#include <gtest/gtest.h>

#include "core/hex.hpp"
#include "tests/support/event_loop.hpp"
#include "tunnel/errc.hpp"

namespace frpx::tunnel::frpx_dialect {
namespace {

using namespace std::chrono_literals;
using opened = result<std::unique_ptr<net::stream>>;

class proxy_streams_test : public testing::Test {
 protected:
  // Orders a stream; `id_` and `answer_` tell what became of it.
  void order(std::uint64_t session, steady_clock::duration patience = 10s) {
    loop_->tasks().spawn(wait_for(this, session, patience));
    loop_.settle();
  }
  static boost::asio::awaitable<void> wait_for(proxy_streams_test* self, std::uint64_t session,
                                               steady_clock::duration patience) {
    self->answer_ = co_await self->streams_.order(
        session, [self](const uuid& id) { self->id_ = id; }, patience);
  }
  void TearDown() override {
    answer_.reset();
    loop_->tasks().cancel();
    ASSERT_TRUE(loop_.run_until([&] { return loop_->tasks().size() == 0; }));
  }

  test::event_loop loop_;
  proxy_streams streams_{loop_.worker()};
  uuid id_;
  std::optional<opened> answer_;
};

TEST_F(proxy_streams_test, brings_the_stream_with_the_bytes_behind_its_frame) {
  order(1);
  EXPECT_EQ(id_.worker(), loop_->index());
  EXPECT_EQ(streams_.pending(), 1U);
  EXPECT_EQ(streams_.pending_fingerprints(), std::vector{fingerprint(id_.to_string())});
  test::tcp_pair pair;
  ASSERT_TRUE(streams_.present(id_, std::move(pair.ours), as_bytes("early")));
  loop_.settle();
  ASSERT_TRUE(answer_ && *answer_);
  EXPECT_EQ(streams_.pending(), 0U);
  std::byte scratch[64];
  EXPECT_EQ(as_text((**answer_)->read(scratch).bytes), "early");
  EXPECT_EQ((**answer_)->read(scratch).state, net::io_state::blocked);
}

TEST_F(proxy_streams_test, an_id_serves_once_and_only_while_it_is_awaited) {
  test::tcp_pair first;
  test::tcp_pair second;
  EXPECT_FALSE(streams_.present(uuid::make(), std::move(first.ours), {}));
  order(1);
  test::tcp_pair third;
  ASSERT_TRUE(streams_.present(id_, std::move(third.ours), {}));
  EXPECT_FALSE(streams_.present(id_, std::move(second.ours), {}));
}

TEST_F(proxy_streams_test, who_waits_too_long_is_told) {
  order(1, 1ms);
  ASSERT_TRUE(loop_.run_until([&] { return answer_.has_value(); }));
  EXPECT_EQ(answer_->error(), make_error_code(errc::late));
  test::tcp_pair pair;
  EXPECT_FALSE(streams_.present(id_, std::move(pair.ours), {}));
}

TEST_F(proxy_streams_test, the_end_of_a_session_ends_what_waits) {
  order(7);
  streams_.end_session(8);
  loop_.settle();
  EXPECT_FALSE(answer_);
  streams_.end_session(7);
  loop_.settle();
  ASSERT_TRUE(answer_);
  EXPECT_EQ(answer_->error(), make_error_code(errc::session_gone));
}

struct ear final : net::stream::watcher {
  void on_ready(net::stream::readiness what) override { broken |= what.broken; }
  bool broken = false;
};

TEST_F(proxy_streams_test, the_end_of_a_session_resets_its_streams_and_tells_them) {
  order(7);
  test::tcp_pair pair;
  ASSERT_TRUE(streams_.present(id_, std::move(pair.ours), {}));
  loop_.settle();
  ear heard;
  (**answer_)->watch(&heard);
  streams_.end_session(8);
  EXPECT_FALSE(heard.broken);
  streams_.end_session(7);
  EXPECT_TRUE(heard.broken);
  std::byte scratch[8];
  EXPECT_EQ((**answer_)->read(scratch).state, net::io_state::failed);
  EXPECT_EQ(::recv(pair.theirs.get(), scratch, sizeof scratch, 0), -1);
  EXPECT_EQ(errno, ECONNRESET);
}

TEST_F(proxy_streams_test, a_stream_that_went_is_forgotten) {
  order(7);
  test::tcp_pair pair;
  ASSERT_TRUE(streams_.present(id_, std::move(pair.ours), {}));
  loop_.settle();
  answer_.reset();
  streams_.end_session(7);  // must not touch it
  EXPECT_EQ(streams_.pending(), 0U);
}

}  // namespace
}  // namespace frpx::tunnel::frpx_dialect
