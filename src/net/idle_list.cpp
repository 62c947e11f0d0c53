#include "net/idle_list.hpp"

namespace frpx::net {

void idle_list::member::unlink() {
  if (after_ == nullptr) return;
  before_->after_ = after_;
  after_->before_ = before_;
  before_ = after_ = nullptr;
}

idle_list::idle_list(timers& of, steady_clock::duration patience)
    : deadline(of), patience_(patience) {
  ring_.before_ = ring_.after_ = &ring_;
}

void idle_list::touch(member& which, steady_time now) {
  which.last_ = now;
  if (which.after_ == &ring_) return;  // the newest already, and alone it need not move
  which.unlink();
  which.before_ = ring_.before_;
  which.after_ = &ring_;
  ring_.before_->after_ = &which;
  ring_.before_ = &which;
  if (!is_set()) set(now + patience_);
}

void idle_list::expired() {
  const steady_time now = steady_clock::now();
  while (!empty() && ring_.after_->last_ + patience_ <= now) {
    member& idle = *ring_.after_;
    idle.unlink();
    idle.on_idle();
  }
  if (!empty()) set(ring_.after_->last_ + patience_);
}

}  // namespace frpx::net
