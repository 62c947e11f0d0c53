#include "link/own_streams.hpp"

#include <algorithm>

#include "link/linked_stream.hpp"

namespace frpx::link {

std::optional<uuid> own_streams::order(linked_stream& which, std::size_t worker, steady_time now) {
  const uuid id = uuid::make_for_worker(worker);
  return expect(which, id, now) ? std::optional(id) : std::nullopt;
}

bool own_streams::expect(linked_stream& which, const uuid& id, steady_time now) {
  std::erase_if(ordered_, [&](const auto& each) {
    if (each.second.until >= now) return false;
    if (each.second.which != nullptr) each.second.which->listed_ = false;
    return true;
  });
  if (ordered_.size() + moved_.size() >= most) return false;
  which.listed_ = true;
  return ordered_.emplace(id, awaited{&which, now + patience}).second;
}

std::optional<linked_stream*> own_streams::take(const uuid& id, steady_time now) {
  const auto found = ordered_.find(id);
  if (found == ordered_.end()) return std::nullopt;
  const awaited one = found->second;
  ordered_.erase(found);
  if (one.which != nullptr) one.which->listed_ = false;
  return one.until >= now ? one.which : nullptr;
}

bool own_streams::enter(linked_stream& which) {
  if (moved_.size() >= most) return false;
  which.listed_ = true;
  moved_.push_back(&which);
  return true;
}

void own_streams::leave(linked_stream& which) {
  which.listed_ = false;
  std::erase(moved_, &which);
  for (auto& [id, order] : ordered_) {
    if (order.which == &which) order.which = nullptr;
  }
}

void own_streams::reset_all() {
  for (auto& [id, order] : ordered_) {
    if (order.which != nullptr) order.which->listed_ = false;
  }
  ordered_.clear();
  while (!moved_.empty()) {
    linked_stream* const each = moved_.back();
    moved_.pop_back();
    each->listed_ = false;
    each->end_session();  // may destroy it, and others
  }
}

}  // namespace frpx::link
