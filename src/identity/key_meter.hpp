// How many requests a key makes.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <limits>
#include <memory>
#include <mutex>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "core/clock.hpp"
#include "identity/spending.hpp"
#include "store/rows.hpp"

namespace frpx::identity {

/// Counts one key's requests against its limits, exactly, whichever workers they come by.
///
/// Requests per minute are a bucket that holds a minute's worth and refills steadily (the generic
/// cell rate algorithm of ITU-T I.371, in virtual scheduling): a key that was quiet may make all of
/// them at once, and then one whenever a minute's N-th part has passed. The bucket's filling is one
/// point in time, so it stays true when the limit changes. What other servers' visitors took is
/// heard of later; should that be more than there was, nobody is let in until it has been refilled.
///
/// Any thread; takes no lock and allocates nothing.
class key_meter {
 public:
  /// Refills in so long at most, whatever others say.
  static constexpr std::chrono::nanoseconds largest_debt = std::chrono::minutes(10);

  struct answer {
    bool admitted = false;
    std::chrono::seconds retry_after{
        0};  ///< When not admitted: from then on it may be; at least 1.
  };

  /// Counts a request in, if the limits allow it; then leave() must follow at its end.
  answer enter(const store::key_limits& limits, steady_time now);
  /// What other servers have taken from the bucket: it may be overdrawn by it, up to
  /// `largest_debt`.
  void take_out(std::chrono::nanoseconds time, steady_time now);
  /// What enter() has taken since the last call, for the other servers.
  std::chrono::nanoseconds take_untold() {
    return std::chrono::nanoseconds(untold_.exchange(0, std::memory_order_relaxed));
  }
  void leave() { at_once_.fetch_sub(1, std::memory_order_relaxed); }

  /// Nobody is inside, and the bucket is full: a new meter would be the same.
  bool is_idle(steady_time now) const;

 private:
  bool take_place(std::uint32_t limit);
  std::chrono::nanoseconds take_from_bucket(std::uint32_t per_minute, steady_time now);

  std::atomic<std::uint32_t> at_once_{0};
  std::atomic<std::int64_t> full_at_{std::numeric_limits<std::int64_t>::min()};  // steady ns
  std::atomic<std::int64_t> untold_{0};                                          // ns
};

/// A place that enter() gave; leaves at its end.
class key_place {
 public:
  key_place() = default;
  explicit key_place(std::shared_ptr<key_meter> of) : of_(std::move(of)) {}
  key_place(key_place&&) noexcept = default;
  key_place& operator=(key_place&& other) noexcept {
    key_place taken(std::move(other));
    of_.swap(taken.of_);
    return *this;
  }
  ~key_place() {
    if (of_) of_->leave();
  }

 private:
  std::shared_ptr<key_meter> of_;
};

/// The meters of all keys that have a limit in number. Kept while they say anything, so that a key
/// that was forgotten and comes back finds its own. Any thread.
class key_meters {
 public:
  /// Meters that are made because of what another server said; the keys of visitors have theirs.
  static constexpr std::size_t most_by_others = 65'536;

  std::shared_ptr<key_meter> of(const std::string& key_id, steady_time now);
  /// What this server's visitors have taken from buckets since the last call.
  std::vector<spending> take_untold();
  /// What another server's visitors have.
  void take_out(const spending& by_others, steady_time now);

 private:
  static constexpr std::size_t first_sweep = 1024;

  std::shared_ptr<key_meter>& find_or_make(const std::string& key_id, steady_time now);

  std::mutex mutex_;  // guards what follows
  std::unordered_map<std::string, std::shared_ptr<key_meter>> meters_;
  std::size_t sweep_at_ = first_sweep;  // meters
};

}  // namespace frpx::identity
