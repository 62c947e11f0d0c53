// What one thread waits in.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>

#include <atomic>

#include "core/clock.hpp"
#include "net/fd.hpp"
#include "net/poller.hpp"
#include "net/timers.hpp"

namespace frpx::net {

/// The event loop of a thread: coroutines that may go on, descriptors that became ready, deadlines
/// that are over.
///
/// Asio runs the coroutines but never waits: its reactor would cost three system calls for each
/// wake-up where one is enough, a sixth of a request's latency. So no socket or timer of Asio's may
/// be used on it, and nothing is posted past it, for it would sleep over that: poller, timers,
/// net::pause and this class do that work (scripts/check_rooms.py looks).
///
/// One thread turns it, and alone may call it; `post` and `stop` may be called by any.
class loop {
 public:
  loop();
  ~loop();
  loop(const loop&) = delete;
  loop& operator=(const loop&) = delete;

  poller& events() { return events_; }
  net::timers& timers() { return timers_; }
  bool is_here() const { return turned_here == this; }

  /// The loop that the calling thread turns.
  static loop& current();

  /// Runs `f` on this loop's thread, soon.
  template <class F>
  void post(F f) {
    boost::asio::post(context_, std::move(f));
    look_soon();
  }
  /// Starts a coroutine, soon; `token` hears of its end, as Asio's co_spawn tells it.
  template <class T, class Token>
  void spawn(boost::asio::awaitable<T> coroutine, Token&& token) {
    boost::asio::co_spawn(context_, std::move(coroutine), std::forward<Token>(token));
    look_soon();
  }

  /// Turns until somebody stops it, then runs what is ready; once.
  void run();
  void stop();
  /// For who turns it by hand: runs what is ready, or waits until `until` for something to be.
  /// Whether anything ran.
  bool turn(steady_time until);

 private:
  // Ends the waiting, for something was posted by another thread. The counter is never read: each
  // write is an edge.
  struct bell final : poller::source {
    bell();
    void on_events(std::uint32_t) override { rung = false; }
    void ring();

    unique_fd fd;
    std::atomic<bool> rung{false};
  };

  void look_soon();
  void run_turns();
  bool take_turn(steady_time until);

  static thread_local loop* turned_here;

  boost::asio::io_context context_{1};
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type> busy_;
  poller events_;
  net::timers timers_;
  bell bell_;
  bool posted_ = false;  // by this thread, since the last turn
  bool stopping_ = false;
};

}  // namespace frpx::net
