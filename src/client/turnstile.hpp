// How many may be at it at once, while the others wait.
#pragma once

#include <boost/asio/awaitable.hpp>

#include <cstddef>
#include <list>

#include "net/wakeup.hpp"

namespace frpx::client {

/// Lets so many coroutines be at something at once; the others wait in the order in which they
/// came. One worker only; outlives its turns.
class turnstile {
 public:
  explicit turnstile(std::size_t most) : most_(most) {}
  turnstile(const turnstile&) = delete;
  turnstile& operator=(const turnstile&) = delete;

  /// One coroutine's turn: from when it came, waiting included, until this goes.
  class turn {
   public:
    /// `bell` is the coroutine's.
    turn(turnstile& of, net::wakeup& bell);
    turn(const turn&) = delete;
    turn& operator=(const turn&) = delete;
    ~turn();

    /// Waits until it is its turn; false if that did not come within `patience`.
    boost::asio::awaitable<bool> comes(net::timers& clock, steady_clock::duration patience);

   private:
    friend class turnstile;

    turnstile& of_;
    net::wakeup& bell_;
    bool has_come_ = false;
    std::list<turn*>::iterator place_;  // among those that wait
  };

 private:
  void admit();

  const std::size_t most_;
  std::size_t inside_ = 0;
  std::list<turn*> waiting_;
};

}  // namespace frpx::client
