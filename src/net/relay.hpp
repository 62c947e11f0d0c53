// Joins a visitor with a stream until both directions have ended.
#pragma once

#include <boost/asio/awaitable.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "core/bytes.hpp"
#include "core/clock.hpp"
#include "net/buffer.hpp"
#include "net/loop.hpp"
#include "net/pipe_pool.hpp"
#include "net/stream.hpp"
#include "net/wakeup.hpp"

namespace frpx::net {

class relay_set;

enum class relay_end : std::uint8_t {
  finished,        ///< Both directions ended in order.
  visitor_failed,  ///< The visitor's side broke; the service's side was reset.
  service_failed,  ///< The service's side broke; the visitor's side was reset.
  cancelled,       ///< `reset` was called; both sides were reset.
};

struct relay_report {
  relay_end how = relay_end::finished;
  error_code error;                ///< Why a side failed.
  std::uint64_t from_visitor = 0;  ///< Bytes that the service's side took.
  std::uint64_t from_service = 0;  ///< Bytes that the visitor's side took.
};

struct relay_options {
  /// A direction turns to splice once it has moved this much in large reads without a pause.
  std::size_t bulk_after = 256 * 1024;
  std::chrono::milliseconds pause{100};
  /// A smaller read is a small exchange, which splice would only slow down.
  std::size_t large_read = 16 * 1024;
  /// How many pipes the relays of one worker may use at once.
  std::size_t pipes = 64;
};

/// One visitor joined with one service; both are streams of any kind. It answers for the bytes: in
/// order, none lost before a clean end, each direction ended on its own (half-close), and an error
/// on one side a reset on the other. A sink that does not take its bytes stops its source: at most
/// one block of a buffer_pool, or what one pipe holds, stands between the two.
///
/// No coroutine, no timer, and while idle no buffer and no pipe. Belongs to its worker's relay_set,
/// lives until it has reported its end, and is touched on that worker only.
class relay final : private poller::task {
 public:
  /// Hears of the end, once, from the worker's loop or from inside `reset`. It may start and reset
  /// other relays. `which` goes right after.
  class observer {
   public:
    virtual void on_relay_end(relay& which, const relay_report& report) = 0;

   protected:
    ~observer() = default;
  };

  /// Resets both sides at once; reports, and destroys this relay, before it returns.
  void reset() { end(relay_end::cancelled, {}); }
  /// Bytes that the other side took so far.
  std::uint64_t from_visitor() const { return visitor_.moved; }
  std::uint64_t from_service() const { return service_.moved; }

 private:
  friend class relay_set;
  friend std::default_delete<relay>;

  // One of the two streams, and the direction of which it is the source.
  struct side final : stream::watcher {
    side(relay& owner, std::unique_ptr<stream> from, buffer_pool& buffers)
        : of(owner), carrier(std::move(from)), held(buffers) {}
    void on_ready(stream::readiness what) override { of.on_ready(*this, what); }

    relay& of;
    std::unique_ptr<stream> carrier;
    std::uint64_t moved = 0;    // taken by the other side
    std::size_t run = 0;        // read in large reads since the last pause
    steady_time last_read{};    // the last of those
    buffer held;                // read, but not taken by the other side yet
    pipe_pool::handle spliced;  // the same, within the kernel
    bool ended = false;         // nothing more will be read
    bool finished = false;      // and the other side was told so
    bool lost = false;          // it broke
  };
  // Whether to go on with a direction: it may move more; it waits to hear; the relay is no more.
  enum class step : std::uint8_t { again, wait, gone };

  relay(relay_set& owner, std::unique_ptr<stream> visitor, std::unique_ptr<stream> service,
        observer* by);
  ~relay() = default;

  void begin(bytes_view from_visitor, bytes_view from_service);
  void on_ready(side& from, stream::readiness what);
  void run() override;
  bool pump(side& from);
  step move(side& from);
  step copy(side& from);
  step splice(side& from);
  step flush_held(side& from);
  step flush_pipe(side& from);
  step finish(side& from);
  step hear_out(side& broken);
  step fail(const side& broken);
  void end(relay_end how, error_code why);
  void note_read(side& from, std::size_t bytes) const;
  void note_moved(side& from, std::size_t bytes);
  bool can_splice(side& from);
  side& other(const side& of) { return &of == &visitor_ ? service_ : visitor_; }

  relay_set& owner_;
  observer* const observer_;
  std::size_t place_ = 0;  // in the owner's table
  side visitor_;
  side service_;
};

/// All relays of one worker, with what they share. Who starts relays resets or joins them before
/// the set goes.
class relay_set {
 public:
  /// Since the start; bytes count when their sink has taken them.
  struct counters {
    std::uint64_t started = 0;
    std::uint64_t from_visitors = 0;
    std::uint64_t from_services = 0;
    std::uint64_t spliced = 0;  ///< How many of both went through a pipe.
  };

  /// `scratch` (at least a block of a buffer_pool) is used only while a relay runs. All outlive the
  /// set.
  relay_set(loop& on, buffer_pool& buffers, bytes_span scratch, relay_options options = {});
  relay_set(const relay_set&) = delete;
  relay_set& operator=(const relay_set&) = delete;
  ~relay_set();

  /// Joins the two. Bytes already read from either side go out before what its stream still holds.
  /// Nothing is moved or reported before the worker returns to its loop. `by` may be null, else it
  /// lives until it has heard the end.
  relay& start(std::unique_ptr<stream> visitor, std::unique_ptr<stream> service,
               relay::observer* by = nullptr, bytes_view from_visitor = {},
               bytes_view from_service = {});

  std::size_t size() const { return relays_.size(); }
  void reset_all();
  /// Waits until none is left, at most until `until`; false if some are. One coroutine at a time.
  boost::asio::awaitable<bool> join(steady_time until);

  const counters& totals() const { return totals_; }
  const pipe_pool& pipes() const { return pipes_; }
  /// For bulk that is no relay's.
  pipe_pool& pipes() { return pipes_; }

 private:
  friend class relay;

  std::unique_ptr<relay> take_out(std::size_t place);

  poller& events_;
  buffer_pool& buffers_;
  const bytes_span scratch_;
  const relay_options options_;
  pipe_pool pipes_;
  counters totals_;
  std::vector<std::unique_ptr<relay>> relays_;
  wakeup emptied_;
  alarm late_;
};

}  // namespace frpx::net
