#include "net/timers.hpp"

namespace frpx::net {

bool timers::expire() {
  if (queue_.empty()) return false;
  const steady_time now = steady_clock::now();
  const bool any = queue_.begin()->first <= now;
  while (!queue_.empty() && queue_.begin()->first <= now) {
    auto node = queue_.extract(queue_.begin());
    deadline& due = *node.mapped();
    if (due.when_ > now && due.is_set()) {  // it was moved since it was queued
      node.key() = due.when_;
      due.place_ = queue_.insert(std::move(node));
      continue;
    }
    due.queued_ = false;
    spare_ = std::move(node);
    if (!due.is_set()) continue;
    due.clear();
    due.expired();
  }
  return any;
}

void deadline::set(steady_time when) {
  when_ = when;
  if (queued_ && place_->first <= when) return;
  auto node = queued_ ? timers_.queue_.extract(place_) : std::move(timers_.spare_);
  if (node.empty()) {
    place_ = timers_.queue_.emplace(when, this);
  } else {
    node.key() = when;
    node.mapped() = this;
    place_ = timers_.queue_.insert(std::move(node));
  }
  queued_ = true;
}

deadline::~deadline() {
  if (queued_) timers_.queue_.erase(place_);
}

}  // namespace frpx::net
