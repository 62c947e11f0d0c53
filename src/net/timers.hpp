// Deadlines: many, mostly moved and rarely met.
#pragma once

#include <map>

#include "core/clock.hpp"

namespace frpx::net {

class deadline;

/// The deadlines of one loop, which asks for the next of them. Moving a deadline further away only
/// stores the new time; the queue finds out when the old one comes. So a deadline may be set anew
/// for every read at the cost of reading the clock, and allocates only when it is queued for the
/// first time.
///
/// Touched by the thread of the loop only.
class timers {
 public:
  timers() = default;
  timers(const timers&) = delete;
  timers& operator=(const timers&) = delete;

  /// When `expire` is to be called at the latest; steady_time::max() if nothing is set. It may be
  /// earlier than any deadline: one that was moved is found out then.
  steady_time next() const { return queue_.empty() ? steady_time::max() : queue_.begin()->first; }
  /// Tells the deadlines that are over. Whether there was any to look at.
  bool expire();

 private:
  friend class deadline;
  using queue = std::multimap<steady_time, deadline*>;

  queue queue_;
  queue::node_type spare_;
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
