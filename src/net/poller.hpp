// The worker's own edge-triggered epoll, for everything on the data path.
#pragma once

#include <sys/epoll.h>

#include <array>
#include <cstddef>
#include <cstdint>

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>

#include "net/fd.hpp"

namespace frpx::net {

/// Asio's reactor costs a system call more for every read that has to wait, and a heap operation
/// for each; this one costs neither. It is itself a descriptor that the worker's io_context waits
/// on.
///
/// After the events of one wake-up come the tasks they scheduled (coroutines that may go on), then
/// the flushes (links that send everything those tasks wrote with one call).
///
/// Only the worker that owns the io_context may call it.
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

  explicit poller(boost::asio::io_context& context);
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

  /// Ends the waiting, so that the io_context may run out of work.
  void stop();

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

  void arm();
  void dispatch();
  void run_scheduled();
  void enqueue(ring& into, task& what);

  static constexpr std::size_t batch = 256;

  boost::asio::io_context& context_;
  boost::asio::posix::stream_descriptor waiting_;
  int epoll_;
  bool running_ = false;
  bool posted_ = false;
  ring tasks_;
  ring flushes_;
  ring later_;
  std::array<epoll_event, batch> events_;
  std::size_t next_event_ = 0;
  std::size_t event_count_ = 0;
};

}  // namespace frpx::net
