// How often a password may be guessed.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>

#include <boost/asio/ip/address.hpp>

#include "core/clock.hpp"

namespace frpx::identity {

struct try_limit_options {
  std::uint32_t tries = 10;  ///< Wrong ones within the window...
  std::chrono::milliseconds window{60'000};
  std::chrono::milliseconds first_delay{5'000};        ///< ...cost this, the next twice this,
  std::chrono::milliseconds longest_delay{900'000};    ///< up to this.
  std::chrono::milliseconds forgotten_after{900'000};  ///< Without a try.
  std::size_t capacity = 16'384;  ///< Accounts, and addresses; beyond it the quietest is forgotten.
};

/// Slows down who guesses passwords: per account, and per address (IPv6: per /64), whichever is
/// slower. It counts for accounts that do not exist as for those that do, so that its answer tells
/// nothing about them.
///
/// A pure table: one thread at a time, time is a parameter.
class try_limit {
 public:
  using duration = steady_time::duration;

  explicit try_limit(const try_limit_options& options = {}) : options_(options) {}

  /// How long this try must wait; zero: it may be made. Changes nothing.
  duration wait_before(std::string_view account, const boost::asio::ip::address& from,
                       steady_time now) const;

  /// Counts a try that is about to be made as a wrong one, so that many at once cannot slip
  /// through.
  void count(std::string_view account, const boost::asio::ip::address& from, steady_time now);

  /// Takes back a counted try that was right, or that could not be judged. Right: the account
  /// starts anew, and the address has tried once less.
  void forgive(std::string_view account, const boost::asio::ip::address& from, bool was_right,
               steady_time now);

 private:
  struct guesses {
    std::uint32_t tries = 0;
    std::uint32_t strikes = 0;  // delays so far: each doubles the next
    steady_time window_start;
    steady_time last;
    steady_time blocked_until;
  };
  using table = std::unordered_map<std::string, guesses>;

  duration wait_of(const table& of, const std::string& name, steady_time now) const;
  void count_in(table& of, const std::string& name, steady_time now);
  void take_back(table& of, const std::string& name, steady_time now);

  const try_limit_options options_;
  table accounts_;
  table addresses_;
};

}  // namespace frpx::identity
