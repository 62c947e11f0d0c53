#include "gateway/key_uses.hpp"

#include <algorithm>

namespace frpx::gateway {
namespace {

// How soon the store is asked again about a key that should have expired, and is good by its clock.
constexpr auto look_again = std::chrono::milliseconds(300);

}  // namespace

void key_uses::enter(key_use& one, const identity::key_facts& key, std::uint64_t judged_at) {
  if (key.is_fixed) return;  // it is good as long as the server runs
  one.key_ = &key;
  one.expires_ = key.expires;
  all_.push_back(one);
  // It was found good, but perhaps before a change that has been acted upon since.
  if (judged_at != looks_) must_look_.store(true, std::memory_order_relaxed);
  if (key.expires) await_end(one);
}

// Sets the timer for that end, unless it waits for an earlier one.
void key_uses::await_end(const key_use& of) {
  if (!of.expires_ || *of.expires_ >= first_end_) return;
  first_end_ = *of.expires_;
  set_in(std::max<wall_clock::duration>(first_end_ - wall_clock::now(), {}));
}

void key_uses::expired() {
  const wall_time now = wall_clock::now();
  first_end_ = wall_time::max();
  for (const key_use& each : all_) {
    if (!each.expires_) continue;
    if (*each.expires_ <= now) must_look_.store(true, std::memory_order_relaxed);
    first_end_ = std::min(first_end_, std::max<wall_time>(*each.expires_, now + look_again));
  }
  if (first_end_ != wall_time::max()) set_in(first_end_ - now);
}

used_keys key_uses::look() {
  ++looks_;
  used_keys found;
  for (const key_use& each : all_) found.insert({each.key_->id, each.expires_});
  return found;
}

void key_uses::apply(const key_changes& changes) {
  list ending;
  for (auto at = all_.begin(); at != all_.end();) {
    key_use& each = *at++;
    if (changes.ended.contains(each.key_->id)) {
      each.unlink();
      ending.push_back(each);
    } else if (const auto found = changes.expire.find(each.key_->id);
               found != changes.expire.end()) {
      each.expires_ = found->second;
      await_end(each);
    }
  }
  while (!ending.empty()) {
    key_use& each = ending.front();
    each.unlink();
    each.key_ended();
  }
}

}  // namespace frpx::gateway
