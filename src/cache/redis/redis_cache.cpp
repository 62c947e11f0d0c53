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
  const std::string channel = changes_channel();
  const auto reply = ask({"PUBLISH", channel, "1"});
  if (!reply) return reply.error();
  return {};
}

result<void> redis_cache::tell(std::string_view text) {
  const std::string channel = texts_channel();
  const auto reply = ask({"PUBLISH", channel, text});
  if (!reply) return reply.error();
  return {};
}

result<redis_connection> redis_cache::listen(steady_time deadline) const {
  auto made = redis_connection::open(where_, deadline);
  if (!made) return made;
  for (const std::string& channel : {changes_channel(), texts_channel()}) {
    if (const auto reply = made->ask({"SUBSCRIBE", channel}, deadline); !reply) {
      return reply.error();
    }
  }
  return made;
}

result<redis_cache::news> redis_cache::heard() {
  const steady_time now = steady_clock::now();
  news all;
  if (!listener_) {
    {
      const std::scoped_lock lock(mutex_);
      if (now < away_until_) return errc::unavailable;
    }
    auto made = listen(now + patience_);
    if (!made) {
      const std::scoped_lock lock(mutex_);
      away_until_ = steady_clock::now() + let_alone;
      return made.error();
    }
    listener_.emplace(std::move(*made));
    all.changes = 1;
  }
  for (;;) {
    auto message = listener_->next();
    if (!message) {
      listener_.reset();
      return message.error();
    }
    if (!*message) break;
    auto& parts = (*message)->elements;  // "message", the channel, the text
    if (parts.size() != 3 || parts[0].text != "message") continue;
    if (parts[1].text == changes_channel()) {
      ++all.changes;
    } else if (all.texts.size() < most_texts) {
      all.texts.push_back(std::move(parts[2].text));
    }
  }
  if (now - pinged_at_ >= ping_every) {
    pinged_at_ = now;
    if (const auto reply = ask({"PING"}); !reply) {
      listener_.reset();  // what is said meanwhile may be lost
      return reply.error();
    }
  }
  return all;
}

}  // namespace frpx::cache
