// Connecting to a host that may have several addresses.
#pragma once

#include <memory>
#include <span>
#include <vector>

#include "net/connect.hpp"
#include "net/wakeup.hpp"

namespace frpx::client {

/// Connects to the first of several addresses that takes it, one after the other, each with its
/// share of the time. It waits for nothing: the coroutine that owns the bell calls `step` whenever
/// the bell rang, so several connects may run side by side.
///
/// One worker only. Destroying it gives the connect up.
class dial {
 public:
  enum class state { idle, connecting, connected, failed };
  static constexpr std::size_t most_addresses = 16;

  dial(net::worker& on, net::wakeup& bell) : on_(on), watch_(bell), late_(on.timers(), bell) {}

  /// Starts; of more addresses than `most_addresses` the rest is not tried.
  void start(std::vector<net::endpoint> addresses, steady_clock::duration patience);
  /// How far it is now.
  state step();
  /// The connection, once connected; watched by nobody.
  std::unique_ptr<net::socket> take();
  /// Which address is, or was last, tried.
  const net::endpoint& address() const { return addresses_[tried_ - 1]; }
  /// Why it failed: what the last address said, or `net::errc::late`.
  error_code error() const { return error_; }

 private:
  void try_next();

  net::worker& on_;
  net::stream_watch watch_;
  net::alarm late_;
  std::vector<net::endpoint> addresses_;
  std::size_t tried_ = 0;
  steady_time until_{};
  std::unique_ptr<net::socket> socket_;
  state state_ = state::idle;
  error_code error_;
};

}  // namespace frpx::client
