// Where requests wait while every client that could serve them is full.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "gateway/fair_queue.hpp"
#include "gateway/slot.hpp"
#include "net/wakeup.hpp"
#include "net/worker.hpp"
#include "tunnel/registry.hpp"

namespace frpx::gateway {

/// One queue for all workers, kept on the home worker; tickets cross workers, pointers do not.
///
/// While nobody waits, a place that is given back costs one atomic and no message. While somebody
/// does, it is not set free but handed on: to the home worker, and from there to the worker of
/// whoever is next, so that no newcomer overtakes.
class waiting_room {
 public:
  /// Lets `most` requests wait at once.
  waiting_room(net::worker_pool& workers, tunnel::registry& clients, std::size_t most);

  /// A request that waits. It stands in its coroutine's frame, on that coroutine's worker; when it
  /// goes it has left the queue, and a place that was given to it and not taken goes on.
  class seat {
   public:
    /// `bell` rings when there is an answer. `not_at`: sessions it has tried. `only_at`: clients
    /// that may serve it, any if it is empty.
    seat(waiting_room& room, net::worker& on, net::wakeup& bell, wanted what, std::string key,
         std::vector<std::uint64_t> not_at, std::vector<std::string> only_at);
    seat(const seat&) = delete;
    seat& operator=(const seat&) = delete;
    ~seat();

    /// The place that it was given; none yet, or none any more.
    slot take();
    /// The queue is full.
    bool refused() const { return refused_; }

   private:
    friend class waiting_room;
    waiting_room& room_;
    net::worker& on_;
    net::wakeup& bell_;
    const std::uint64_t ticket_;
    std::shared_ptr<tunnel::session> given_;
    bool answered_ = false;
    bool refused_ = false;
  };

  /// A place of `at` is not needed any more. Any worker.
  void give_back(const std::shared_ptr<tunnel::session>& at);
  /// Clients have come, or may have room again: whoever can use it gets it. Home worker.
  void look_around();
  /// How many wait. Any thread.
  std::size_t size() const { return waiting_.load(std::memory_order_relaxed); }

 private:
  std::uint64_t make_ticket(const net::worker& on);
  void enter(fair_queue::entry one);
  void leave(std::uint64_t ticket);
  bool pass_on(const std::shared_ptr<tunnel::session>& at);
  void look_at(const std::shared_ptr<tunnel::session>& one);
  void answer(std::uint64_t ticket, std::shared_ptr<tunnel::session> given);
  void deliver(std::uint64_t ticket, const std::shared_ptr<tunnel::session>& given);

  net::worker_pool& workers_;
  tunnel::registry& clients_;
  std::atomic<std::size_t> waiting_{0};  // from before they stand in the queue
  fair_queue queue_;                     // of the home worker
  struct table {
    std::unordered_map<std::uint64_t, seat*> seats;  // by ticket
    std::uint64_t last_ticket = 0;
  };
  std::vector<table> tables_;  // of each worker
};

}  // namespace frpx::gateway
