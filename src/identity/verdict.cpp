#include "identity/verdict.hpp"

#include <algorithm>

namespace frpx::identity {
namespace {

constexpr std::string_view latest = ":latest";

std::string_view without_latest(std::string_view model) {
  if (model.ends_with(latest)) model.remove_suffix(latest.size());
  return model;
}

}  // namespace

bool key_facts::may_use_model(std::string_view model) const {
  const std::string_view wanted = without_latest(model);
  return limits.models.empty() ||
         std::any_of(limits.models.begin(), limits.models.end(),
                     [&](const std::string& each) { return without_latest(each) == wanted; });
}

bool key_facts::may_use_client(std::string_view client_id) const {
  return limits.clients.empty() ||
         std::find(limits.clients.begin(), limits.clients.end(), client_id) != limits.clients.end();
}

}  // namespace frpx::identity
