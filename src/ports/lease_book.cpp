#include "ports/lease_book.hpp"

#include <algorithm>

#include "core/names.hpp"

namespace frpx::ports {
namespace {

constexpr std::uint32_t no_place = ~std::uint32_t{0};

constexpr std::size_t slot_of(transport over) {
  return static_cast<std::size_t>(over);
}

}  // namespace

lease_book::lease_book(std::shared_ptr<const rules> by)
    : rules_(std::move(by)), order_(rules_->allowed.ports()), place_(65536, no_place) {
  for (std::uint32_t i = 0; i < order_.size(); ++i) place_[order_[i]] = i;
  clear();
}

void lease_book::clear() {
  by_run_.clear();
  by_proxy_.clear();
  by_group_.clear();
  held_by_.clear();
  by_port_.assign(65536, {});
  next_ = {};
  outside_ = 0;
  free_ = order_.size();
}

const lease* lease_book::find(std::string_view proxy) const {
  const auto found = by_proxy_.find(proxy);
  return found == by_proxy_.end() ? nullptr : found->second.get();
}

std::size_t lease_book::held_by(std::string_view user) const {
  const auto found = held_by_.find(user);
  return found == held_by_.end() ? 0 : found->second;
}

const lease* lease_book::find_for(const wish& asked) const {
  if (!asked.group.empty()) {
    const auto shared = by_group_.find(group_key(asked.user, asked.group, asked.over));
    if (shared != by_group_.end()) return shared->second;
  }
  const lease* const own = find(asked.proxy);
  const bool as_asked =
      own != nullptr && own->over == asked.over &&
      (asked.group.empty() || (own->group == asked.group && own->user == asked.user));
  return as_asked ? own : nullptr;
}

// No text of ours holds a control character, so none reads as two others joined.
std::string lease_book::group_key(std::string_view user, std::string_view group,
                                  transport over) const {
  std::string key(user);
  key.append(1, '\n').append(group);
  if (rules_->share_tcp_udp) key.append(1, '\n').append(to_string(over));
  return key;
}

// Who stands against a lease of this transport, or null. Of a lease that was never asked for the
// transport is not known, so it holds both.
const lease* lease_book::holder(std::uint16_t port, transport over) const {
  const auto& holders = by_port_[port];
  if (const lease* const same = holders[slot_of(over)]) return same;
  const lease* const other = holders[1 - slot_of(over)];
  const bool is_apart = other == nullptr || (rules_->share_tcp_udp && other->state != use::unknown);
  return is_apart ? nullptr : other;
}

bool lease_book::is_held_by_another(std::string_view proxy, std::uint16_t port,
                                    transport over) const {
  const lease* const who = holder(port, over);
  return who != nullptr && who->proxy != proxy;
}

bool lease_book::may_be_given(std::uint16_t port, transport over) const {
  return holder(port, over) == nullptr && !(rules_->is_taken && rules_->is_taken(port, over));
}

result<std::uint16_t> lease_book::choose(const wish& asked) const {
  const auto suits = [&](std::uint16_t port) {
    return (!asked.within || asked.within->contains(port)) && may_be_given(port, asked.over);
  };
  if (asked.port != 0) {
    const bool allowed = asked.port <= 65535 && place_[asked.port] != no_place;
    const auto port = static_cast<std::uint16_t>(asked.port);
    if (allowed && suits(port)) return port;
    if (rules_->strict) return errc::wish_not_met;
  }
  std::uint32_t& next = next_[slot_of(asked.over)];
  while (next < order_.size() && holder(order_[next], asked.over) != nullptr) ++next;
  for (std::uint32_t i = next; i < order_.size(); ++i) {
    if (suits(order_[i])) return order_[i];
  }
  return errc::no_free_port;
}

result<lease> lease_book::allocate(const wish& asked, wall_time now) const {
  if (!is_plain_text(asked.proxy)) return errc::bad_name;
  if (const lease* const own = find(asked.proxy);
      own != nullptr && !is_held_by_another(own->proxy, own->port, asked.over)) {
    lease changed = *own;
    changed.over = asked.over;
    if (!asked.group.empty()) {
      changed.user = asked.user;
      changed.group = asked.group;
    }
    return changed;
  }
  // A lease whose number is another's for its new transport is replaced, which adds none.
  const std::uint32_t most = asked.most.value_or(rules_->most_per_user);
  const bool adds_one = find(asked.proxy) == nullptr;
  if (adds_one && most != 0 && held_by(asked.user) >= most) return errc::too_many_leases;
  const auto port = choose(asked);
  if (!port) return port.error();
  return lease{.proxy = asked.proxy,
               .port = *port,
               .over = asked.over,
               .user = asked.user,
               .group = asked.group,
               .run_id = asked.run_id,
               .state = use::open,
               .created = now,
               .used = now};
}

result<void> lease_book::may_hold(std::string_view proxy, std::uint16_t port,
                                  transport over) const {
  if (!is_plain_text(proxy)) return errc::bad_name;
  const lease* const own = find(proxy);
  if (own != nullptr && own->port == port && own->over == over) return {};
  if (port == 0 || place_[port] == no_place) return errc::outside_ranges;
  if (is_held_by_another(proxy, port, over)) return errc::held_by_another;
  return {};
}

void lease_book::put(lease row) {
  erase(row.proxy);
  auto& holders = by_port_[row.port];
  // A database that holds two for one port is not ours to mend; the later one is known by its port.
  if (place_[row.port] == no_place) {
    ++outside_;
  } else if (holders[0] == nullptr && holders[1] == nullptr) {
    --free_;
  }
  std::string key = row.proxy;
  auto kept = std::make_unique<lease>(std::move(row));
  holders[slot_of(kept->over)] = kept.get();
  if (!kept->group.empty()) {
    by_group_.insert_or_assign(group_key(kept->user, kept->group, kept->over), kept.get());
  }
  if (!kept->run_id.empty()) by_run_.emplace(kept->run_id, kept.get());
  ++held_by_[kept->user];
  by_proxy_.emplace(std::move(key), std::move(kept));
}

bool lease_book::note_use(std::string_view proxy, std::string_view run_id, use state,
                          wall_time now) {
  const auto found = by_proxy_.find(proxy);
  if (found == by_proxy_.end()) return false;
  lease& row = *found->second;
  if (row.run_id != run_id) {
    by_run_.erase({row.run_id, &row});
    row.run_id = run_id;
    if (!row.run_id.empty()) by_run_.emplace(row.run_id, &row);
  }
  if (row.state == use::unknown && place_[row.port] != no_place) {
    std::uint32_t& other = next_[1 - slot_of(row.over)];  // which it held as well
    other = std::min(other, place_[row.port]);
  }
  row.state = state;
  row.used = std::max(row.used, now);
  return true;
}

void lease_book::erase(std::string_view proxy) {
  const auto found = by_proxy_.find(proxy);
  if (found == by_proxy_.end()) return;
  leave(*found->second);
  by_proxy_.erase(found);
}

void lease_book::leave(const lease& row) {
  if (const auto held = held_by_.find(row.user); --held->second == 0) held_by_.erase(held);
  by_run_.erase({row.run_id, &row});
  auto& holders = by_port_[row.port];
  if (holders[slot_of(row.over)] == &row) holders[slot_of(row.over)] = nullptr;
  if (place_[row.port] == no_place) {
    --outside_;
  } else if (holders[0] == nullptr && holders[1] == nullptr) {
    ++free_;
    for (std::uint32_t& next : next_) next = std::min(next, place_[row.port]);
  } else if (rules_->share_tcp_udp) {
    std::uint32_t& next = next_[slot_of(row.over)];
    next = std::min(next, place_[row.port]);
  }
  if (row.group.empty()) return;
  const auto shared = by_group_.find(group_key(row.user, row.group, row.over));
  if (shared != by_group_.end() && shared->second == &row) by_group_.erase(shared);
}

}  // namespace frpx::ports
