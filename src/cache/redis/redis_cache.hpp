// What several servers remember together, and how they tell each other to forget.
#pragma once

#include <chrono>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "cache/redis/connection.hpp"

namespace frpx::cache {

/// Keeps texts in Redis for a time, under names that begin with the `scope` of those who share
/// them, and has a channel on which one tells the others that something has changed.
///
/// Calls wait for Redis, each up to the patience, on the pool's threads; any thread may call. A
/// Redis that failed is let alone for a second: calls then fail at once. Errors: those of
/// redis_connection.
class redis_cache {
 public:
  /// `scope` may be any text; what is seen of it in Redis is a digest.
  redis_cache(redis_url where, std::string_view scope,
              std::chrono::milliseconds patience = std::chrono::milliseconds(250));

  result<std::optional<std::string>> get(std::string_view name);
  result<void> put(std::string_view name, std::string_view text, std::chrono::milliseconds life);

  /// Tells everybody who listens that something has changed.
  result<void> announce();
  /// How often something was announced since the last call; one more when the connection to listen
  /// on is new, for an announcement may have been missed. To be called regularly, by one thread at
  /// a time; hardly waits while all is well, and finds out whether Redis answers.
  result<std::size_t> heard();

 private:
  result<redis_reply> ask(const redis_connection::words& command);

  const redis_url where_;
  const std::string prefix_;
  const std::chrono::milliseconds patience_;
  std::mutex mutex_;  // guards what follows
  std::vector<redis_connection> idle_;
  steady_time away_until_ = steady_time::min();

  // Touched by heard() alone.
  std::optional<redis_connection> listener_;
  steady_time pinged_at_{};
};

}  // namespace frpx::cache
