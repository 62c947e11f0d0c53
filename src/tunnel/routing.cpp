#include "tunnel/routing.hpp"

#include "tunnel/model_key.hpp"

namespace frpx::tunnel {
namespace {

// A name said twice counts once: each session adds itself to a set in one go. False: it was there.
bool add(candidates& to, const std::shared_ptr<session>& one) {
  if (!to.who.empty() && to.who.back() == one) return false;
  to.who.push_back(one);
  return true;
}

void complete(candidates& set, const candidates* former, bool sticky) {
  std::vector<balance::ring::member> members;
  members.reserve(set.who.size());
  for (const auto& each : set.who) {
    members.push_back({balance::hash_of(each->facts().client_id), each->facts().weight});
  }
  set.odds.learn(members, sticky, former != nullptr ? &former->odds : nullptr);
}

}  // namespace

const routed_model* routing::with_model(std::string_view model) const {
  const auto found = by_model.find(model_key(model).view());
  return found == by_model.end() ? nullptr : &found->second;
}

std::shared_ptr<const std::string> routing::local_host_of(const session& one) const {
  const auto found = local_hosts.find(&one);
  return found != local_hosts.end() ? found->second : nullptr;
}

bool routing::differ_in_models(const std::vector<std::string>& among) const {
  if (!models_differ || among.empty()) return models_differ;
  const session* first = nullptr;
  for (const std::string& id : among) {
    const auto found = by_client_id.find(id);
    if (found == by_client_id.end() || found->second->draining) continue;
    if (first == nullptr) first = found->second.get();
    if (found->second->models_hash != first->models_hash) return true;
  }
  return false;
}

std::shared_ptr<const routing> make_routing(const std::vector<std::shared_ptr<session>>& sessions,
                                            const routing* former, bool sticky) {
  auto table = std::make_shared<routing>();
  table->by_client_id.reserve(sessions.size());
  table->all.who.reserve(sessions.size());
  for (const auto& each : sessions) {
    if (!each->serves_http) continue;
    table->by_client_id.emplace(each->facts().client_id, each);
    if (!each->models.empty()) table->local_hosts.emplace(each.get(), each->local_host);
    if (each->draining) continue;
    table->all.who.push_back(each);
    if (each->models_left_out != 0) table->incomplete.who.push_back(each);
    // What a client has besides its list makes it differ from all others.
    std::size_t models = each->models_left_out == 0 ? 0 : 1 + each->facts().number;
    for (const auto& model : each->models) {
      const model_key key(model.id);
      if (key.empty()) continue;
      auto [place, is_new] = table->by_model.try_emplace(std::string(key.view()));
      if (is_new) place->second.as_reported = model;
      if (add(place->second.having, each)) models += text_hash()(key.view());  // in any order
    }
    each->models_hash.store(models, std::memory_order_relaxed);
    table->models_differ |= table->all.who.front()->models_hash != models;
    for (const auto& name : each->loaded) {
      const auto place = table->by_model.find(model_key(name).view());
      if (place == table->by_model.end() || place->second.having.who.back() != each) continue;
      add(place->second.loaded, each);
    }
  }
  complete(table->all, former ? &former->all : nullptr, sticky);
  complete(table->incomplete, former ? &former->incomplete : nullptr, sticky);
  for (auto& [key, model] : table->by_model) {
    const auto found = former ? former->by_model.find(key) : table->by_model.end();
    const bool was_there = former && found != former->by_model.end();
    complete(model.having, was_there ? &found->second.having : nullptr, sticky);
    complete(model.loaded, was_there ? &found->second.loaded : nullptr, sticky);
  }
  return table;
}

}  // namespace frpx::tunnel
