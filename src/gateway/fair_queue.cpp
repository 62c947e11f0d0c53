#include "gateway/fair_queue.hpp"

namespace frpx::gateway {

std::optional<std::uint64_t> fair_queue::push(entry one) {
  key_state& key = keys_[one.key];
  key.last_tag = std::max(turn_, key.last_tag) + 1;
  const order at{key.last_tag, ++last_number_};
  const auto group = lines_.try_emplace(one.what).first;
  key.tickets.emplace(at.number, one.ticket);
  places_.emplace(one.ticket, place{group, at});
  const std::string& name = group->second.emplace(at, std::move(one)).first->second.key;
  if (places_.size() <= most_) return std::nullopt;
  const auto greediest =
      std::max_element(keys_.begin(), keys_.end(), [&](const auto& left, const auto& right) {
        const auto left_size = left.second.tickets.size();
        const auto right_size = right.second.tickets.size();
        return left_size != right_size ? left_size < right_size : right.first == name;
      });
  const std::uint64_t last = greediest->second.tickets.rbegin()->second;
  remove(last);
  return last;
}

bool fair_queue::remove(std::uint64_t ticket) {
  const auto found = places_.find(ticket);
  if (found == places_.end()) return false;
  take_out(place(found->second));
  return true;
}

fair_queue::entry fair_queue::take_out(const place& from) {
  line& in = from.group->second;
  entry one = std::move(in.extract(from.at).mapped());
  if (in.empty()) lines_.erase(from.group);
  places_.erase(one.ticket);
  const auto key = keys_.find(one.key);
  key->second.tickets.erase(from.at.number);
  if (key->second.tickets.empty()) keys_.erase(key);
  return one;
}

}  // namespace frpx::gateway
