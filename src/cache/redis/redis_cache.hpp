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
/// them, and has two channels: on one it is told that something has changed, on the other any text.
/// What is told while somebody's connection is down, that one never hears.
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
  /// Tells everybody who listens, this one too.
  result<void> tell(std::string_view text);

  struct news {
    /// How often something was announced; one more when the connection to listen on is new, for an
    /// announcement may have been missed.
    std::size_t changes = 0;
    std::vector<std::string> texts;  ///< At most `most_texts`; what is beyond is lost.
  };
  static constexpr std::size_t most_texts = 1024;

  /// What came since the last call. To be called regularly, by one thread at a time; hardly waits
  /// while all is well, and finds out whether Redis answers.
  result<news> heard();

 private:
  result<redis_reply> ask(const redis_connection::words& command);
  result<redis_connection> listen(steady_time deadline) const;
  std::string changes_channel() const { return prefix_ + "changed"; }
  std::string texts_channel() const { return prefix_ + "told"; }

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
