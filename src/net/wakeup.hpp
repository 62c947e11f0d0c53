// How a coroutine waits for streams.
#pragma once

#include <boost/asio/awaitable.hpp>

#include <optional>

#include "net/poller.hpp"
#include "net/stream.hpp"
#include "net/timers.hpp"

namespace frpx::net {

/// One coroutine's bell. Streams, deadlines and other parts of the program ring it; the coroutine
/// tries all it has to do, and waits here when nothing moved:
///
///     for (;;) {
///       if (move_request() | move_response()) continue;
///       co_await bell.wait();
///     }
///
/// A ring while nobody waits is kept: the next wait returns at once. Cancelling the coroutine ends
/// the wait (the co_await throws operation_aborted). Touched by its worker only.
class wakeup final : private poller::task {
 public:
  explicit wakeup(poller& events) : events_(events) {}
  ~wakeup();

  void ring();
  /// Ends the wait that follows when everything else that is ready had its turn: for a coroutine
  /// that has more to do than its share.
  void ring_later() { events_.schedule_later(*this); }
  /// To be awaited where it is called: `co_await bell.wait()`.
  auto wait() { return operation{this}; }
  /// The same, until everything else that is ready has run, or somebody wakes it before.
  auto next_turn() {
    ring_later();
    return wait();
  }

 private:
  // What Asio resumes a coroutine by when it awaits an operation rather than another coroutine,
  // which would cost two frames for each wait.
  using handler = boost::asio::detail::awaitable_async_op_handler<void(error_code),
                                                                  boost::asio::any_io_executor>;

  struct starter {
    void operator()(handler coroutine) const { bell->begin(std::move(coroutine)); }
    wakeup* bell;
  };
  struct operation {
    template <boost::asio::completion_token_for<void(error_code)> Token>
    auto operator()(Token&& token) const {
      return boost::asio::async_initiate<Token, void(error_code)>(starter{bell}, token);
    }
    wakeup* bell;
  };

  void begin(handler coroutine);
  void run() override;

  poller& events_;
  std::optional<handler> waiting_;
  bool rung_ = false;
  bool cancelled_ = false;
};

/// Rings a bell when one stream changes, and remembers whether that stream broke: for who is
/// neither reading nor writing it; and whether the other side has ended its direction.
class stream_watch final : public stream::watcher {
 public:
  explicit stream_watch(wakeup& bell) : bell_(bell) {}
  void on_ready(stream::readiness what) override {
    broken_ |= what.broken;
    ended_ |= what.ended;
    bell_.ring();
  }
  bool broken() const { return broken_; }
  /// The other side has ended its direction, whether or not that has been read.
  bool ended() const { return ended_; }
  /// Another stream is watched from now on.
  void forget() { broken_ = ended_ = false; }

 private:
  wakeup& bell_;
  bool broken_ = false;
  bool ended_ = false;
};

/// Has `by` watch a stream for as long as this stands; both outlive it.
class watched {
 public:
  watched(stream& which, stream::watcher& by) : which_(which) { which_.watch(&by); }
  watched(const watched&) = delete;
  watched& operator=(const watched&) = delete;
  ~watched() { which_.watch(nullptr); }

 private:
  stream& which_;
};

/// A deadline that rings a bell.
class alarm final : private deadline {
 public:
  alarm(timers& of, wakeup& bell) : deadline(of), bell_(bell) {}
  void set_in(steady_clock::duration from_now) { set(steady_clock::now() + from_now); }
  void set(steady_time when) {
    rang_ = false;
    deadline::set(when);
  }
  void clear() {
    rang_ = false;
    deadline::clear();
  }
  /// Whether the time that was set last is over.
  bool rang() const { return rang_; }

 private:
  void expired() override {
    rang_ = true;
    bell_.ring();
  }

  wakeup& bell_;
  bool rang_ = false;
};

/// Lets everything else that is ready have its turn.
boost::asio::awaitable<void> let_others_run();

/// Waits for so long, on the loop of the calling coroutine; no longer than the coroutine lives.
boost::asio::awaitable<void> pause(steady_clock::duration span);

}  // namespace frpx::net
