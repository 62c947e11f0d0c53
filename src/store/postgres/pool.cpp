#include "store/postgres/pool.hpp"

namespace frpx::store::pg {

result<pool::lease> pool::take(steady_time deadline, std::string* why) {
  {
    std::unique_lock lock(mutex_);
    if (!returned_.wait_until(lock, deadline, [this] { return taken_ < most_; })) return errc::busy;
    ++taken_;
    while (!idle_.empty()) {
      connection last = std::move(idle_.back());
      idle_.pop_back();
      if (last.is_alive()) return lease(*this, std::move(last));
    }
  }
  auto made = connection::open(url_, deadline, why);
  if (made) return lease(*this, std::move(*made));
  const std::scoped_lock lock(mutex_);
  --taken_;
  returned_.notify_one();
  return made.error();
}

void pool::give_back(connection used) {
  const std::scoped_lock lock(mutex_);
  --taken_;
  if (used.is_idle()) idle_.push_back(std::move(used));
  returned_.notify_one();
}

}  // namespace frpx::store::pg
