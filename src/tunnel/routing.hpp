// Where visitors can go, frozen.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "tunnel/session.hpp"

namespace frpx::tunnel {

/// Hashes strings and views alike, so that a look-up by view allocates nothing.
struct text_hash {
  using is_transparent = void;
  std::size_t operator()(std::string_view text) const {
    return std::hash<std::string_view>{}(text);
  }
};
template <class T>
using text_map = std::unordered_map<std::string, T, text_hash, std::equal_to<>>;

/// The live sessions at one moment, indexed. The registry makes a new one when something changes;
/// each worker reads its current one without a lock.
struct routing {
  using candidates = std::vector<std::shared_ptr<session>>;

  candidates all;
  text_map<std::shared_ptr<session>> by_client_id;
  text_map<candidates> by_model;

  /// Those that reported `model`; empty if none did.
  std::span<const std::shared_ptr<session>> with_model(std::string_view model) const;
};

std::shared_ptr<const routing> make_routing(std::vector<std::shared_ptr<session>> sessions);

}  // namespace frpx::tunnel
