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
 public:
  explicit task_group(loop& on);
  task_group(const task_group&) = delete;
  task_group& operator=(const task_group&) = delete;
  ~task_group();

  void spawn(boost::asio::awaitable<void> coroutine);
  void cancel();
  std::size_t size() const { return running_.size(); }
  /// Waits until none is left, at most until `until`; false if some are. One coroutine at a time.
  boost::asio::awaitable<bool> join(steady_time until);

 private:
  struct entry {
    boost::asio::cancellation_signal signal;
  };

  void finished(std::list<entry>::iterator which, std::exception_ptr failure);

  loop& on_;
  wakeup emptied_;
  alarm late_;
  std::list<entry> running_;
};

}  // namespace frpx::net
