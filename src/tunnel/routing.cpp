#include "tunnel/routing.hpp"

namespace frpx::tunnel {

std::span<const std::shared_ptr<session>> routing::with_model(std::string_view model) const {
  const auto found = by_model.find(model);
  if (found == by_model.end()) return {};
  return found->second;
}

std::shared_ptr<const routing> make_routing(std::vector<std::shared_ptr<session>> sessions) {
  auto table = std::make_shared<routing>();
  table->by_client_id.reserve(sessions.size());
  for (const auto& each : sessions) {
    table->by_client_id.emplace(each->facts().client_id, each);
    for (const auto& model : each->models) {
      auto& having = table->by_model[model.id];
      if (having.empty() || having.back() != each) having.push_back(each);  // a name said twice
    }
  }
  table->all = std::move(sessions);
  return table;
}

}  // namespace frpx::tunnel
