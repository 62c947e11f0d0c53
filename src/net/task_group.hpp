// Owns the coroutines of one worker.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/cancellation_signal.hpp>

#include <cstddef>
#include <list>

#include "core/clock.hpp"
#include "net/loop.hpp"
#include "net/wakeup.hpp"

namespace frpx::net {

/// Every coroutine is spawned here, so that none outlives what it uses: who owns a group cancels
/// and joins it before it goes. An exception that leaves a coroutine (other than by cancelling) is
/// logged as a fault of ours; it ends that coroutine only.
///
/// One worker only. Cancelling makes the co_await at which a coroutine stands throw
/// operation_aborted, and every later one too.
class task_group {
  struct entry {
    boost::asio::cancellation_signal signal;
  };

 public:
  /// One of the group's coroutines, to cancel it alone. For what the coroutine owns, such as the
  /// watcher of its stream: the handle is good only as long as the coroutine runs.
  class task {
   public:
    /// As for the whole group; from the loop, not from the coroutine itself.
    void cancel() { of_->signal.emit(boost::asio::cancellation_type::terminal); }

   private:
    friend class task_group;
    explicit task(entry& of) : of_(&of) {}
    entry* of_;
  };

  explicit task_group(loop& on);
  task_group(const task_group&) = delete;
  task_group& operator=(const task_group&) = delete;
  ~task_group();

  void spawn(boost::asio::awaitable<void> coroutine);
  /// The same of `start(task)`: for a coroutine that something of its own may cancel.
  template <class Start>
  void spawn_with_task(Start start) {
    const auto which = running_.emplace(running_.end());
    spawn(which, start(task(*which)));
  }
  void cancel();
  std::size_t size() const { return running_.size(); }
  /// Waits until none is left, at most until `until`; false if some are. One coroutine at a time.
  boost::asio::awaitable<bool> join(steady_time until);

 private:
  void spawn(std::list<entry>::iterator which, boost::asio::awaitable<void> coroutine);
  void finished(std::list<entry>::iterator which, std::exception_ptr failure);

  loop& on_;
  wakeup emptied_;
  alarm late_;
  std::list<entry> running_;
};

}  // namespace frpx::net
