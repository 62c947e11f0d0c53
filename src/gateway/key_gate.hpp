// Is this API key valid? Asked on a worker that must not wait for a database.
#pragma once

#include <boost/asio/awaitable.hpp>

#include <chrono>
#include <map>
#include <memory>
#include <string_view>
#include <vector>

#include "core/hex.hpp"
#include "identity/key_checker.hpp"
#include "net/blocking_pool.hpp"
#include "net/wakeup.hpp"
#include "net/worker.hpp"

namespace frpx::gateway {

/// Asks the store through the pool, once at a time for one key: visitors that bring the same
/// unknown key together wait for one answer, and none of them is needed for the others to get it.
/// One per worker, touched by it only.
class key_gate {
 public:
  key_gate(net::worker& on, identity::key_checker& keys, net::blocking_pool& pool,
           std::chrono::milliseconds patience)
      : on_(on), keys_(keys), pool_(pool), patience_(patience) {}

  /// The answer, if memory has it: no waiting, and no allocation but when it is due to be renewed,
  /// which then happens in the background.
  std::optional<identity::verdict> known(std::string_view key) {
    auto answer = keys_.cached(key, steady_clock::now());
    if (answer && answer->due) renew(key);
    return answer;
  }
  /// The answer, from the store; `unavailable` when it did not come in time.
  boost::asio::awaitable<identity::verdict> ask(std::string key);

 private:
  struct question {
    std::vector<net::wakeup*> waiting;
    std::optional<identity::verdict> answer;
  };
  class asking;
  class waiter;

  void renew(std::string_view key);
  std::shared_ptr<question> begin(const digest& which, std::string_view key);
  boost::asio::awaitable<void> find_out(std::unique_ptr<asking> mine, secret key);

  net::worker& on_;
  identity::key_checker& keys_;
  net::blocking_pool& pool_;
  const std::chrono::milliseconds patience_;
  std::map<digest, std::shared_ptr<question>> asked_;
};

}  // namespace frpx::gateway
