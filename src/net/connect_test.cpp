#include "net/connect.hpp"

#include <gtest/gtest.h>
#include <sys/socket.h>

#include "net/error.hpp"
#include "tests/support/event_loop.hpp"
#include "tests/support/open_descriptors.hpp"

namespace frpx::net {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;

// A bound port on loopback that listens with the given backlog, or not at all.
struct bound_port {
  explicit bound_port(int backlog) : fd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    where = endpoint(boost::asio::ip::address_v4::loopback(), 0);
    EXPECT_EQ(::bind(fd.get(), where.data(), static_cast<socklen_t>(where.size())), 0);
    if (backlog >= 0) EXPECT_EQ(::listen(fd.get(), backlog), 0);
    auto size = static_cast<socklen_t>(where.capacity());
    EXPECT_EQ(::getsockname(fd.get(), where.data(), &size), 0);
  }
  unique_fd fd;
  endpoint where;
};

TEST(connect, reaches_who_listens) {
  test::event_loop loop;
  const bound_port open(8);
  auto made = loop.await(connect(loop.worker(), open.where, hours(1)));
  ASSERT_TRUE(made) << made.error().message();
  EXPECT_EQ(peer_of((*made)->descriptor()), open.where);
  EXPECT_EQ((*made)->write(as_bytes("x")).state, io_state::moved);
}

TEST(connect, tells_that_it_was_refused) {
  test::event_loop loop;
  const bound_port closed(-1);
  const auto made = loop.await(connect(loop.worker(), closed.where, hours(1)));
  EXPECT_EQ(made.error(), boost::system::errc::connection_refused);
}

TEST(connect, is_late_when_nobody_answers) {
  test::event_loop loop;
  const bound_port full(0);
  // A backlog of 0 takes one connection; the SYNs behind it are dropped.
  std::vector<std::unique_ptr<socket>> before;
  for (int i = 0; i < 4; ++i) before.push_back(start_connect(loop.worker(), full.where));
  loop.settle();
  const std::size_t open = test::open_descriptors();
  const auto made = loop.await(connect(loop.worker(), full.where, milliseconds(20)));
  EXPECT_EQ(made.error(), errc::late);
  EXPECT_EQ(test::open_descriptors(), open);
}

TEST(connect, a_started_one_tells_its_watcher) {
  struct noting final : stream::watcher {
    void on_ready(stream::readiness what) override { writable |= what.writable; }
    bool writable = false;
  } heard;
  test::event_loop loop;
  const bound_port open(8);
  const auto made = start_connect(loop.worker(), open.where);
  made->watch(&heard);
  EXPECT_FALSE(made->connect_decided());
  ASSERT_TRUE(loop.run_until([&] { return heard.writable; }));
  EXPECT_TRUE(made->connect_decided());
  EXPECT_FALSE(made->take_connect_error());
}

}  // namespace
}  // namespace frpx::net
