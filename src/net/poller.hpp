// The worker's own edge-triggered epoll, for everything on the data path.
#pragma once

#include <sys/epoll.h>

#include <array>
#include <cstddef>
#include <cstdint>

#include "core/clock.hpp"
#include "net/fd.hpp"

namespace frpx::net {

/// One system call for all that is ready, and none but `read` and `write` for a descriptor that
/// stays. After the events of one wake-up come the tasks they scheduled (coroutines that may go
/// on), then the flushes (links that send everything those tasks wrote with one call).
///
/// Only the thread that turns the loop may call it.
class poller {
 public:
  /// A registered descriptor.
  class source {
   public:
    /// `events` as epoll_wait gave them.
    virtual void on_events(std::uint32_t events) = 0;

   protected:
    ~source() = default;
  };

  /// Something to do soon, at most once however often it was scheduled; unlinks itself when it
  /// goes.
  class task {
   public:
    task() = default;
    task(const task&) = delete;
    task& operator=(const task&) = delete;
    virtual void run() = 0;
    bool scheduled() const { return next_ != nullptr; }

   protected:
    ~task() { unlink(); }

   private:
    friend class poller;
    void unlink();
    task* next_ = nullptr;
    task* previous_ = nullptr;
  };

  poller();
  poller(const poller&) = delete;
  poller& operator=(const poller&) = delete;
  ~poller();

  /// Watches `fd` for everything, edge-triggered. Fails only when the kernel is out of memory or
  /// watches (then false).
  [[nodiscard]] bool add(int fd, source& by);
  /// No event reaches `by` after this, not even one that was already read.
  void remove(int fd, source& by);

  /// Runs `what` after the events at hand.
  void schedule(task& what) { enqueue(tasks_, what); }
  /// Runs `what` after the events at hand and all their tasks.
  void schedule_flush(task& what) { enqueue(flushes_, what); }

  /// Runs `what` when all that is ready by then had its turn: for who has more to do than its
  /// share.
  void schedule_later(task& what) { enqueue(later_, what); }

  /// Waits until `until` for events, not at all if anything is scheduled, and deals with one batch
  /// of them and with all that is scheduled. Whether there was anything.
  bool wait(steady_time until);

  /// The number of calls of `wait` so far. One call is a turn: everything that was ready runs once.
  std::uint32_t turn() const { return turn_; }

 private:
  // A ring whose head is a task that never runs.
  struct ring final : task {
    ring();
    void run() override {}
    bool empty() const;
    task& front();
    void push_back(task& what);
    void take_all(ring& from);
  };

  bool run_scheduled();
  static void enqueue(ring& into, task& what);

  static constexpr std::size_t batch = 256;

  unique_fd epoll_;
  ring tasks_;
  ring flushes_;
  ring later_;
  std::array<epoll_event, batch> events_;
  std::size_t next_event_ = 0;
  std::size_t event_count_ = 0;
  std::uint32_t turn_ = 0;
};

}  // namespace frpx::net
