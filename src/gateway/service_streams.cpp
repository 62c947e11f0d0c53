#include "gateway/service_streams.hpp"

#include <algorithm>

namespace frpx::gateway {

service_streams::kept::kept(service_streams& home, std::uint64_t session,
                            std::unique_ptr<net::stream> stream)
    : deadline(home.on_.timers()), home_(home), session_(session), stream_(std::move(stream)) {}

// Idle streams have nothing to say; a spurious edge is no word.
void service_streams::kept::on_ready(net::stream::readiness what) {
  if (!what.readable && !what.broken) return;
  if (ending_) {
    if (!discard()) home_.ending_.erase(this);
    return;
  }
  std::byte probe;
  const auto said = stream_->read({&probe, 1}).state;
  if (said == net::io_state::blocked) return;
  const auto self = home_.take_out(*this);
  if (said == net::io_state::ended) stream_->finish();
}

void service_streams::kept::expired() {
  if (ending_) {
    home_.ending_.erase(this);
  } else {
    home_.end(home_.take_out(*this));
  }
}

bool service_streams::kept::discard() {
  std::byte some[256];
  for (std::size_t times = 0; times < 64; ++times) {
    const auto state = stream_->read(some).state;
    if (state != net::io_state::moved) return state == net::io_state::blocked;
  }
  return false;  // that is no farewell
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
    const auto said = (*one)->read({&probe, 1}).state;
    if (said == net::io_state::blocked && !(*one)->waits_for_turn()) return one;
    if (said == net::io_state::ended) (*one)->finish();
  }
  return nullptr;
}

void service_streams::give(std::unique_ptr<kept> one) {
  auto& idle = idle_by_session_[one->session()];
  one->used_ = true;
  (*one)->watch(one.get());
  if (idle.size() >= most_per_session) return end(std::move(one));
  one->set_in(idle_);
  idle.push_back(std::move(one));
}

std::unique_ptr<service_streams::kept> service_streams::take_out(const kept& one) {
  const auto found = idle_by_session_.find(one.session());
  auto& idle = found->second;
  const auto place =
      std::find_if(idle.begin(), idle.end(), [&](const auto& each) { return each.get() == &one; });
  auto taken = std::move(*place);
  idle.erase(place);
  if (idle.empty()) idle_by_session_.erase(found);
  return taken;
}

void service_streams::end(std::unique_ptr<kept> one) {
  (*one)->finish();
  if (!one->discard() || ending_.size() >= most_ending) return;
  one->ending_ = true;
  one->set_in(farewell_);
  const kept* const key = one.get();
  ending_.emplace(key, std::move(one));
}

void service_streams::clear() {
  while (!idle_by_session_.empty()) clear(idle_by_session_.begin()->first);
}

void service_streams::clear(std::uint64_t session) {
  auto gone = idle_by_session_.extract(session);
  if (gone.empty()) return;
  for (auto& each : gone.mapped()) end(std::move(each));
}

std::size_t service_streams::size() const {
  std::size_t count = 0;
  for (const auto& [session, idle] : idle_by_session_) count += idle.size();
  return count;
}

}  // namespace frpx::gateway
