// What commands change beside a running server, for who listens to the API's events.
#pragma once

#include <boost/asio/awaitable.hpp>

#include <cstdint>
#include <optional>
#include <vector>

#include "api/event_log.hpp"
#include "net/blocking_pool.hpp"
#include "store/store.hpp"

namespace frpx::server {

/// Tells the event log what `frps key ...` and its like have changed in the same database: once a
/// second it looks for new rows of commands in the audit log. What the API changes is told there.
///
/// Home worker; the store is read in the pool. All outlive it. `run` ends by being cancelled.
class command_watch {
 public:
  command_watch(store::store& store, net::blocking_pool& pool, api::event_log& events)
      : store_(store), pool_(pool), events_(events) {}

  boost::asio::awaitable<void> run();
  /// Tells what is new since the last look; the first one only learns where the log ends.
  boost::asio::awaitable<void> look();

 private:
  store::store& store_;
  net::blocking_pool& pool_;
  api::event_log& events_;
  std::optional<std::uint64_t> last_;  // the id of the last row that was seen
};

}  // namespace frpx::server
