// A reader's share of a turn.
#pragma once

#include <cstddef>
#include <cstdint>

#include "net/poller.hpp"

namespace frpx::net {

/// How much one reader may still do in this turn of its worker (poller::turn). A reader that has
/// used it up says that nothing is there and goes on in the next turn, when everything else that is
/// ready has run. However fast a peer sends, it gets its share of the worker and no more.
///
/// It stands where bytes, frames or requests are taken from, so that no loop around a reader can
/// forget it. Belongs to its worker.
class turn_budget {
 public:
  turn_budget(const poller& events, std::uint32_t most) : events_(events), most_(most) {}

  /// Takes `amount` of it. What is taken last may exceed it.
  void use(std::uint32_t amount) {
    if (turn_ != events_.turn()) used_ = 0;
    turn_ = events_.turn();
    used_ += amount;
  }
  bool is_spent() const { return used_ >= most_ && turn_ == events_.turn(); }

 private:
  const poller& events_;
  const std::uint32_t most_;
  std::uint32_t used_ = 0;
  std::uint32_t turn_ = 0;
};

}  // namespace frpx::net
