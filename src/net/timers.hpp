// Deadlines: many, mostly moved and rarely met.
#pragma once

#include <boost/asio/steady_timer.hpp>

#include <map>

#include "core/clock.hpp"

namespace frpx::net {

class deadline;

/// The deadlines of one worker, behind a single timer. Moving a deadline further away only stores
/// the new time; the queue finds out when the old one comes. So a deadline may be set anew for
/// every read at the cost of reading the clock, and allocates only when it is queued for the first
/// time.
///
/// Touched by its worker only.
class timers {
 public:
  explicit timers(boost::asio::io_context& context) : timer_(context) {}
  timers(const timers&) = delete;
  timers& operator=(const timers&) = delete;

  /// Ends the waiting, so that the io_context may run out of work.
  void stop();

 private:
  friend class deadline;
  using queue = std::multimap<steady_time, deadline*>;

  void arm();
  void expire();

  boost::asio::steady_timer timer_;
  steady_time armed_for_ = steady_time::max();
  queue queue_;
  queue::node_type spare_;
  bool stopped_ = false;
};

/// One moment at which something is too late (or due). `expired` is called once, on the worker's
/// loop, when the moment that was set last has come; it may set it again or destroy the deadline.
class deadline {
 public:
  explicit deadline(timers& of) : timers_(of) {}
  deadline(const deadline&) = delete;
  deadline& operator=(const deadline&) = delete;

  void set(steady_time when);
  void set_in(steady_clock::duration from_now) { set(steady_clock::now() + from_now); }
  void clear() { when_ = steady_time::max(); }
  bool is_set() const { return when_ != steady_time::max(); }

 protected:
  ~deadline();
  virtual void expired() = 0;

 private:
  friend class timers;

  timers& timers_;
  steady_time when_ = steady_time::max();
  timers::queue::iterator place_{};
  bool queued_ = false;
};

}  // namespace frpx::net
