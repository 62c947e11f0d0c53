#include "gateway/service_streams.hpp"

#include <algorithm>

namespace frpx::gateway {

service_streams::kept::kept(service_streams& home, std::uint64_t session,
                            std::unique_ptr<net::stream> stream)
    : deadline(home.on_.timers()), home_(home), session_(session), stream_(std::move(stream)) {}

// Idle streams have nothing to say; a spurious edge is no word.
void service_streams::kept::on_ready(net::stream::readiness what) {
  if (!what.readable && !what.broken) return;
  std::byte probe;
  if (stream_->read({&probe, 1}).state != net::io_state::blocked) home_.drop(*this);
}

std::unique_ptr<service_streams::kept> service_streams::take(std::uint64_t session) {
  const auto found = idle_by_session_.find(session);
  while (found != idle_by_session_.end() && !found->second.empty()) {
    auto one = std::move(found->second.back());
    found->second.pop_back();
    one->clear();
    (*one)->watch(nullptr);
    // What arrived in this very wake-up has not been told yet.
    std::byte probe;
    if ((*one)->read({&probe, 1}).state == net::io_state::blocked) return one;
  }
  return nullptr;
}

void service_streams::give(std::unique_ptr<kept> one) {
  auto& idle = idle_by_session_[one->session()];
  if (idle.size() >= most_per_session) return;
  one->used_ = true;
  one->set_in(idle_);
  (*one)->watch(one.get());
  idle.push_back(std::move(one));
}

void service_streams::drop(const kept& one) {
  const auto found = idle_by_session_.find(one.session());
  auto& idle = found->second;
  const auto place =
      std::find_if(idle.begin(), idle.end(), [&](const auto& each) { return each.get() == &one; });
  idle.erase(place);
  if (idle.empty()) idle_by_session_.erase(found);
}

std::size_t service_streams::size() const {
  std::size_t count = 0;
  for (const auto& [session, idle] : idle_by_session_) count += idle.size();
  return count;
}

}  // namespace frpx::gateway
