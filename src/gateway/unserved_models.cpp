#include "gateway/unserved_models.hpp"

#include <algorithm>
#include <tuple>

#include "core/names.hpp"
#include "tunnel/model_key.hpp"

namespace frpx::gateway {

void unserved_models::note(std::string_view model, wall_time now) {
  const tunnel::model_key key(model);
  if (key.empty() || !is_plain_text(model)) return;
  const std::scoped_lock lock(mutex_);
  auto found = std::ranges::find_if(entries_, [&](const entry& each) {
    return tunnel::model_key(each.model).view() == key.view();
  });
  if (found == entries_.end()) {
    if (entries_.size() == most) {
      entries_.erase(std::ranges::min_element(
          entries_, {}, [](const entry& each) { return std::tuple(each.requests, each.last); }));
    }
    found = entries_.insert(entries_.end(), {.model = std::string(model), .first = now});
  }
  ++found->requests;
  found->last = now;
}

std::vector<unserved_models::entry> unserved_models::list() const {
  std::vector<entry> all;
  {
    const std::scoped_lock lock(mutex_);
    all = entries_;
  }
  std::ranges::sort(all, [](const entry& left, const entry& right) {
    return std::tuple(right.requests, right.last, left.model) <
           std::tuple(left.requests, left.last, right.model);
  });
  return all;
}

}  // namespace frpx::gateway
