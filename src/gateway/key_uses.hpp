// What the visitors of a worker do by which key, so that it ends with the key.
#pragma once

#include <boost/intrusive/list.hpp>

#include <atomic>
#include <compare>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>

#include "core/clock.hpp"
#include "identity/verdict.hpp"
#include "net/timers.hpp"

namespace frpx::gateway {

/// A key that somebody was let in by, and when it expires as far as was known then.
struct used_key {
  std::string id;
  std::optional<wall_time> expires;

  auto operator<=>(const used_key&) const = default;
};
using used_keys = std::set<used_key>;

/// What has become of keys in use.
struct key_changes {
  std::set<std::string, std::less<>> ended;                             ///< Their ids.
  std::map<std::string, std::optional<wall_time>, std::less<>> expire;  ///< At another time.

  bool empty() const { return ended.empty() && expire.empty(); }
};

class key_uses;

/// Something that lasts no longer than the key by which it was let in: a request, an upgraded
/// connection. Touched by its worker only.
class key_use : public boost::intrusive::list_base_hook<
                    boost::intrusive::link_mode<boost::intrusive::auto_unlink>> {
 public:
  key_use(const key_use&) = delete;
  key_use& operator=(const key_use&) = delete;

 protected:
  key_use() = default;
  ~key_use() = default;
  /// The key was revoked, has expired or is gone. Called at most once, from the worker's loop; this
  /// and other uses may go in it.
  virtual void key_ended() = 0;

 private:
  friend key_uses;
  const identity::key_facts* key_ = nullptr;
  std::optional<wall_time> expires_;
};

/// The uses of one worker. Entering and leaving costs a few writes to memory, and no more as long
/// as no key is revoked: which keys are in use is asked only when something has changed. A key that
/// expires sets a timer.
class key_uses final : private net::deadline {
 public:
  /// `must_look` is set when the keys in use should be asked for though nobody was heard to change
  /// any. Both outlive the object.
  key_uses(net::timers& clock, std::atomic<bool>& must_look)
      : deadline(clock), must_look_(must_look) {}

  /// How often the keys in use were asked for.
  std::uint64_t looks() const { return looks_; }
  /// `key` was found good at a time when looks() was `judged_at`; it lives as long as the use is
  /// entered, which it is until it leaves, goes, or its key ends.
  void enter(key_use& one, const identity::key_facts& key, std::uint64_t judged_at);
  static void leave(key_use& one) { one.unlink(); }

  /// The keys in use, for the store to be asked which of them are good still.
  used_keys look();
  /// Ends what came by keys that have ended, and learns when others expire.
  void apply(const key_changes& changes);

 private:
  void expired() override;
  void await_end(const key_use& of);

  using list = boost::intrusive::list<key_use, boost::intrusive::constant_time_size<false>>;

  std::atomic<bool>& must_look_;
  list all_;
  std::uint64_t looks_ = 0;
  wall_time first_end_ = wall_time::max();  // of a key in use, which the timer waits for
};

}  // namespace frpx::gateway
