// Owns the coroutines of one worker.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>

#include <cstddef>
#include <list>

#include "core/clock.hpp"

namespace frpx::net {

/// Every coroutine is spawned here, so that none outlives what it uses: who owns a group cancels
/// and joins it before it goes. An exception that leaves a coroutine (other than by cancelling) is
/// logged as a fault of ours; it ends that coroutine only.
///
/// One worker only. Cancelling makes the co_await at which a coroutine stands throw
/// operation_aborted, and every later one too.
class task_group {
 public:
  explicit task_group(boost::asio::io_context& context) : context_(context), idle_(context) {}
  task_group(const task_group&) = delete;
  task_group& operator=(const task_group&) = delete;
  ~task_group();

  void spawn(boost::asio::awaitable<void> coroutine);
  void cancel();
  std::size_t size() const { return running_.size(); }
  /// Waits until none is left, at most until `until`; false if some are.
  boost::asio::awaitable<bool> join(steady_time until);

 private:
  struct entry {
    boost::asio::cancellation_signal signal;
  };

  void finished(std::list<entry>::iterator which, std::exception_ptr failure);

  boost::asio::io_context& context_;
  boost::asio::steady_timer idle_;
  std::list<entry> running_;
};

}  // namespace frpx::net
