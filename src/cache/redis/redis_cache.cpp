#include "cache/redis/redis_cache.hpp"

#include "core/hex.hpp"

namespace frpx::cache {
namespace {

constexpr std::chrono::seconds let_alone{1};
constexpr std::chrono::seconds ping_every{1};
constexpr std::size_t most_idle = 8;

}  // namespace

redis_cache::redis_cache(redis_url where, std::string_view scope,
                         std::chrono::milliseconds patience)
    : where_(std::move(where)),
      prefix_("frpx:" + to_hex(sha256(scope)).substr(0, 16) + ":"),
      patience_(patience) {}

result<redis_reply> redis_cache::ask(const redis_connection::words& command) {
  const steady_time now = steady_clock::now();
  std::optional<redis_connection> kept;
  {
    const std::scoped_lock lock(mutex_);
    if (now < away_until_) return errc::unavailable;
    if (!idle_.empty()) {
      kept.emplace(std::move(idle_.back()));
      idle_.pop_back();
    }
  }
  const bool was_kept = kept.has_value();
  for (bool again = was_kept;; again = false) {
    error_code failed;
    if (!kept) {
      auto made = redis_connection::open(where_, now + patience_);
      if (made) {
        kept.emplace(std::move(*made));
      } else {
        failed = made.error();
      }
    }
    if (!failed) {
      auto reply = kept->ask(command, now + patience_);
      if (reply || reply.error() == errc::refused) {
        const std::scoped_lock lock(mutex_);
        if (idle_.size() < most_idle) idle_.push_back(std::move(*kept));
        return reply;
      }
      failed = reply.error();
      kept.reset();
    }
    // A kept connection may have been closed long ago; all that we send may be sent twice.
    if (again && steady_clock::now() < now + patience_) continue;
    const std::scoped_lock lock(mutex_);
    idle_.clear();
    away_until_ = steady_clock::now() + let_alone;
    return failed;
  }
}

result<std::optional<std::string>> redis_cache::get(std::string_view name) {
  auto reply = ask({"GET", prefix_ + std::string(name)});
  if (!reply) return reply.error();
  if (reply->is == redis_reply::kind::nothing) return std::optional<std::string>();
  if (reply->is != redis_reply::kind::text) return errc::malformed;
  return std::optional(std::move(reply->text));
}

result<void> redis_cache::put(std::string_view name, std::string_view text,
                              std::chrono::milliseconds life) {
  const std::string key = prefix_ + std::string(name);
  const std::string span = std::to_string(life.count());
  const auto reply = ask({"SET", key, text, "PX", span});
  if (!reply) return reply.error();
  return {};
}

result<void> redis_cache::announce() {
  const std::string channel = prefix_ + "changed";
  const auto reply = ask({"PUBLISH", channel, "1"});
  if (!reply) return reply.error();
  return {};
}

result<std::size_t> redis_cache::heard() {
  const steady_time now = steady_clock::now();
  std::size_t count = 0;
  if (!listener_) {
    {
      const std::scoped_lock lock(mutex_);
      if (now < away_until_) return errc::unavailable;
    }
    auto made = redis_connection::open(where_, now + patience_);
    const std::string channel = prefix_ + "changed";
    const auto listening = made ? made->ask({"SUBSCRIBE", channel}, now + patience_)
                                : result<redis_reply>(made.error());
    if (!listening) {
      const std::scoped_lock lock(mutex_);
      away_until_ = steady_clock::now() + let_alone;
      return listening.error();
    }
    listener_.emplace(std::move(*made));
    count = 1;
  }
  for (;;) {
    const auto message = listener_->next();
    if (!message) {
      listener_.reset();
      return message.error();
    }
    if (!*message) break;
    const auto& parts = (*message)->elements;
    if (!parts.empty() && parts.front().text == "message") ++count;
  }
  if (now - pinged_at_ >= ping_every) {
    pinged_at_ = now;
    if (const auto reply = ask({"PING"}); !reply) {
      listener_.reset();  // what is said meanwhile may be lost
      return reply.error();
    }
  }
  return count;
}

}  // namespace frpx::cache
