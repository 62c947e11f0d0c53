#include "gateway/choice.hpp"

#include <algorithm>
#include <cassert>

#include "gateway/waiting_room.hpp"
#include "tunnel/model_key.hpp"

namespace frpx::gateway {

choice::choice(net::worker& on, waiting_room& room, const choice_rules& rules)
    : on_(on), room_(room), rules_(rules) {}

bool choice::begin(std::shared_ptr<const tunnel::routing> among, const choice_wish& wish) {
  assert(!routing_ && "one choice for each request");
  routing_ = std::move(among);
  wish_ = wish;
  if (!wish.client_id.empty()) {
    const auto named = routing_->by_client_id.find(wish.client_id);
    if (named != routing_->by_client_id.end() && named->second->alive) {
      named_ = &named->second;
      return true;
    }
  }
  among_ = &routing_->all;
  if (wish.model.empty()) return true;
  model_ = routing_->with_model(wish.model);
  if (model_ != nullptr) {
    among_ = &model_->having;
    return true;
  }
  const auto& unsure = routing_->incomplete;
  if (std::ranges::any_of(unsure.who, [&](const auto& one) { return may_serve(*one); })) {
    among_ = &unsure;
    return true;
  }
  // Without any client the answer is that there is none.
  return rules_.any_for_unknown_model || routing_->all.who.empty();
}

void choice::took(const tunnel::session& one) {
  assert(tries_ < most_tries);  // beyond them next() says that nobody is left
  tried_[tries_++] = one.facts().number;
}

choice::answer choice::next(slot& into) {
  const steady_time now = steady_clock::now();
  while (tries_ < most_tries) {
    bool saw_full = false;
    bool last_resort = false;
    const auto* found = pick(saw_full, last_resort, now);
    if (found == nullptr) return saw_full ? answer::full : answer::nobody;
    if (!(*found)->take_place()) continue;  // another worker took the last one
    slot place(*found, room_);
    if (!last_resort && !(*found)->health.claim(now, rules_.health)) continue;
    took(**found);
    into = std::move(place);
    return answer::chosen;
  }
  return answer::nobody;
}

bool choice::is_among(const std::vector<std::string>* clients, const tunnel::session& one) {
  return clients == nullptr || clients->empty() ||
         std::find(clients->begin(), clients->end(), one.facts().client_id) != clients->end();
}

bool choice::may_serve(const tunnel::session& one) const {
  return one.alive.load(std::memory_order_relaxed) &&
         !one.draining.load(std::memory_order_relaxed) && is_among(wish_.clients, one) &&
         std::ranges::find(tried(), one.facts().number) == tried().end();
}

const std::shared_ptr<tunnel::session>* choice::pick(bool& saw_full, bool& last_resort,
                                                     steady_time now) {
  const auto fit = [&](const tunnel::session& one) {
    if (!may_serve(one) || !one.health.fit(now)) return false;
    if (one.has_room()) return true;
    saw_full = true;
    return false;
  };
  if (named_ != nullptr) {
    if (fit(**named_)) return named_;
    if (saw_full || !may_serve(**named_)) return nullptr;
    last_resort = true;
    if ((*named_)->has_room()) return named_;
    saw_full = true;
    return nullptr;
  }
  if (model_ != nullptr) {
    const auto at_ease = [&](const tunnel::session& one) {
      return one.in_flight.load(std::memory_order_relaxed) < cosy && fit(one);
    };
    if (const auto* found = pick_of(model_->loaded, at_ease)) return found;
  }
  if (const auto* found = pick_of(*among_, fit)) return found;
  if (saw_full) return nullptr;
  last_resort = true;
  return pick_of(*among_, [&](const tunnel::session& one) {
    if (!may_serve(one)) return false;
    saw_full |= !one.has_room();
    return one.has_room();
  });
}

template <class Usable>
const std::shared_ptr<tunnel::session>* choice::pick_of(const tunnel::candidates& set,
                                                        Usable usable) {
  const auto found = set.odds.choose(
      rules_.policy, wish_.stick_to, on_.random(),
      [&](std::size_t i) { return usable(*set.who[i]); },
      [&](std::size_t i) {
        const tunnel::session& one = *set.who[i];
        return balance::load{one.in_flight.load(std::memory_order_relaxed), one.facts().weight};
      });
  return found ? &set.who[*found] : nullptr;
}

bool choice::has_more() const {
  if (tries_ >= most_tries) return false;
  if (named_ != nullptr) return may_serve(**named_);
  return std::ranges::any_of(among_->who, [&](const auto& one) { return may_serve(*one); });
}

wanted choice::to_wait_for() const {
  if (named_ != nullptr) return {wanted::kind::client, (*named_)->facts().client_id};
  if (among_ == &routing_->incomplete) return {wanted::kind::incomplete, {}};
  if (model_ == nullptr) return {};
  return {wanted::kind::model, std::string(tunnel::model_key(wish_.model).view())};
}

}  // namespace frpx::gateway
