// Threads for what blocks: databases, password hashing, name look-ups.
#pragma once

#include <boost/asio/thread_pool.hpp>

#include <atomic>

#include "net/handoff.hpp"

namespace frpx::net {

/// A few threads behind a bounded queue. A worker asks and goes on; a question that is not answered
/// in time is given up by the asker, while its thread finishes it for nobody.
///
/// `run` may be called from any worker. The pool waits in its destructor for what its threads are
/// doing, so everything that runs here ends by itself.
class blocking_pool {
 public:
  /// `threads` at least 1; `limit`: how many questions may be waiting or running at once.
  blocking_pool(std::size_t threads, std::size_t limit) : pool_(threads), limit_(limit) {}
  ~blocking_pool() {
    pool_.stop();
    pool_.join();
  }

  /// Runs `f` (which returns a value and does not throw) on a thread of the pool; `errc::busy` when
  /// the queue is full, `errc::late` when `patience` is over first.
  template <class F>
  boost::asio::awaitable<answer_t<std::invoke_result_t<F&>>> run(F f,
                                                                 steady_clock::duration patience) {
    if (waiting_.fetch_add(1) >= limit_) {
      waiting_.fetch_sub(1);
      co_return answer_t<std::invoke_result_t<F&>>(boost::system::in_place_error, errc::busy);
    }
    auto counted = [f = std::move(f), slot = slot_in_queue(waiting_)]() mutable { return f(); };
    using counted_task = decltype(counted);
    co_return co_await hand_off<counted_task>(
        [this](auto task) { boost::asio::post(pool_, std::move(task)); }, std::move(counted),
        patience);
  }

  /// Questions that wait or are being answered. Any thread.
  std::size_t waiting() const { return waiting_.load(std::memory_order_relaxed); }

 private:
  // Counts one question for as long as it exists.
  class slot_in_queue {
   public:
    explicit slot_in_queue(std::atomic<std::size_t>& counter) : counter_(&counter) {}
    slot_in_queue(slot_in_queue&& other) noexcept
        : counter_(std::exchange(other.counter_, nullptr)) {}
    ~slot_in_queue() {
      if (counter_ != nullptr) counter_->fetch_sub(1);
    }

   private:
    std::atomic<std::size_t>* counter_;
  };

  std::atomic<std::size_t> waiting_{0};
  boost::asio::thread_pool pool_;
  const std::size_t limit_;
};

}  // namespace frpx::net
