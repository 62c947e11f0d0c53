#include "link/own_streams.hpp"

#include <algorithm>

#include "link/linked_stream.hpp"

namespace frpx::link {

std::optional<uuid> own_streams::order(linked_stream& which, std::size_t worker, steady_time now) {
  const uuid id = uuid::make_for_worker(worker);
  return expect(which, id, now) ? std::optional(id) : std::nullopt;
}

bool own_streams::expect(linked_stream& which, const uuid& id, steady_time now) {
  std::erase_if(ordered_, [&](const auto& each) { return each.second.until < now; });
  if (ordered_.size() + moved_.size() >= most) return false;
  return ordered_.emplace(id, awaited{&which, now + patience}).second;
}

std::optional<linked_stream*> own_streams::take(const uuid& id, steady_time now) {
  const auto found = ordered_.find(id);
  if (found == ordered_.end()) return std::nullopt;
  const awaited one = found->second;
  ordered_.erase(found);
  return one.until >= now ? one.which : nullptr;
}

bool own_streams::enter(linked_stream& which) {
  if (moved_.size() >= most) return false;
  moved_.push_back(&which);
  return true;
}

void own_streams::leave(linked_stream& which) {
  std::erase(moved_, &which);
  for (auto& [id, order] : ordered_) {
    if (order.which == &which) order.which = nullptr;
  }
}

void own_streams::reset_all() {
  ordered_.clear();
  while (!moved_.empty()) {
    linked_stream* const each = moved_.back();
    moved_.pop_back();
    each->end_session();  // may destroy it, and others
  }
}

}  // namespace frpx::link
