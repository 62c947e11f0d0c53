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

#include "core/clock.hpp"
#include "store/rows.hpp"

namespace frpx::identity {

/// Counts one key's requests against its limits, exactly, whichever workers they come by.
///
/// Requests per minute are a bucket that holds a minute's worth and refills steadily (the generic
/// cell rate algorithm of ITU-T I.371, in virtual scheduling): a key that was quiet may make all of
/// them at once, and then one whenever a minute's N-th part has passed. The bucket's filling is one
/// point in time, so it stays true when the limit changes.
///
/// Any thread; takes no lock and allocates nothing.
class key_meter {
 public:
  struct answer {
    bool admitted = false;
    std::chrono::seconds retry_after{
        0};  ///< When not admitted: from then on it may be; at least 1.
  };

  /// Counts a request in, if the limits allow it; then leave() must follow at its end.
  answer enter(const store::key_limits& limits, steady_time now);
  void leave() { at_once_.fetch_sub(1, std::memory_order_relaxed); }

  /// Nobody is inside, and the bucket is full: a new meter would be the same.
  bool is_idle(steady_time now) const;

 private:
  bool take_place(std::uint32_t limit);
  std::chrono::nanoseconds take_from_bucket(std::uint32_t per_minute, steady_time now);

  std::atomic<std::uint32_t> at_once_{0};
  std::atomic<std::int64_t> full_at_{std::numeric_limits<std::int64_t>::min()};  // steady ns
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
  std::shared_ptr<key_meter> of(const std::string& key_id, steady_time now);

 private:
  static constexpr std::size_t first_sweep = 1024;

  std::mutex mutex_;  // guards what follows
  std::unordered_map<std::string, std::shared_ptr<key_meter>> meters_;
  std::size_t sweep_at_ = first_sweep;  // meters
};

}  // namespace frpx::identity
