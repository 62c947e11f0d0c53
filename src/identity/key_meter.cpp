#include "identity/key_meter.hpp"

#include <algorithm>

namespace frpx::identity {
namespace {

using std::chrono::nanoseconds;
using std::chrono::seconds;

constexpr nanoseconds minute = std::chrono::minutes(1);
constexpr seconds soon{1};  // when a place may be free, which nobody knows

// With it N + 1 requests never fit into a minute although the N-th part is rounded down.
static_assert(minute.count() / store::key_limits::largest > store::key_limits::largest);

}  // namespace

key_meter::answer key_meter::enter(const store::key_limits& limits, steady_time now) {
  if (!take_place(limits.at_once)) return {false, soon};
  const nanoseconds wait = take_from_bucket(limits.per_minute, now);
  if (wait <= wait.zero()) return {true, {}};
  leave();
  return {false, std::max(std::chrono::ceil<seconds>(wait), soon)};
}

bool key_meter::take_place(std::uint32_t limit) {
  std::uint32_t inside = at_once_.load(std::memory_order_relaxed);
  do {
    if (limit != 0 && inside >= limit) return false;
  } while (!at_once_.compare_exchange_weak(inside, inside + 1, std::memory_order_relaxed));
  return true;
}

// How long to wait; nothing: it was taken.
nanoseconds key_meter::take_from_bucket(std::uint32_t per_minute, steady_time now) {
  if (per_minute == 0) return {};
  const std::int64_t here = now.time_since_epoch() / nanoseconds(1);
  const std::int64_t share = minute.count() / per_minute;
  std::int64_t full_at = full_at_.load(std::memory_order_relaxed);
  for (;;) {
    const std::int64_t then = std::max(full_at, here) + share;
    if (then - here > minute.count()) return nanoseconds(then - here) - minute;
    if (!full_at_.compare_exchange_weak(full_at, then, std::memory_order_relaxed)) continue;
    untold_.fetch_add(share, std::memory_order_relaxed);
    return {};
  }
}

void key_meter::take_out(nanoseconds time, steady_time now) {
  const std::int64_t here = now.time_since_epoch() / nanoseconds(1);
  const std::int64_t latest = here + largest_debt.count();
  std::int64_t full_at = full_at_.load(std::memory_order_relaxed);
  while (!full_at_.compare_exchange_weak(full_at,
                                         std::min(std::max(full_at, here) + time.count(), latest),
                                         std::memory_order_relaxed)) {
  }
}

bool key_meter::is_idle(steady_time now) const {
  return at_once_.load(std::memory_order_relaxed) == 0 &&
         full_at_.load(std::memory_order_relaxed) <= now.time_since_epoch() / nanoseconds(1);
}

std::shared_ptr<key_meter> key_meters::of(const std::string& key_id, steady_time now) {
  const std::scoped_lock lock(mutex_);
  return find_or_make(key_id, now);
}

std::vector<spending> key_meters::take_untold() {
  const std::scoped_lock lock(mutex_);
  std::vector<spending> all;
  for (const auto& [key_id, meter] : meters_) {
    const nanoseconds time = std::min(meter->take_untold(), spending::largest);
    if (time > time.zero()) all.push_back({key_id, time});
  }
  return all;
}

void key_meters::take_out(const spending& by_others, steady_time now) {
  const std::scoped_lock lock(mutex_);
  // A visitor with this key may come here next.
  if (meters_.size() >= most_by_others && !meters_.contains(by_others.key_id)) return;
  find_or_make(by_others.key_id, now)->take_out(by_others.time, now);
}

std::shared_ptr<key_meter>& key_meters::find_or_make(const std::string& key_id, steady_time now) {
  if (meters_.size() >= sweep_at_) {
    std::erase_if(meters_, [&](const auto& each) {
      return each.second.use_count() == 1 && each.second->is_idle(now);
    });
    sweep_at_ = std::max(first_sweep, 2 * meters_.size());
  }
  auto& found = meters_[key_id];
  if (!found) found = std::make_shared<key_meter>();
  return found;
}

}  // namespace frpx::identity
