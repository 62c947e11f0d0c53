// What requests came to since the start, for metrics.
#pragma once

#include <functional>
#include <map>
#include <span>
#include <string>
#include <utility>

#include "store/rows.hpp"

namespace frpx::server {

/// Usage by client and model, added up from what the workers hand in for the store: so it costs the
/// requests nothing, and is two seconds old at most.
///
/// Requests choose their model's name, so the number of sums is bounded: what would need one more
/// counts as of client and model `:others`. Home worker.
class usage_sums {
 public:
  static constexpr std::size_t most = 1000;

  void add(std::span<const store::usage_row> rows);

  using visitor = std::function<void(const std::string& client, const std::string& model,
                                     const store::usage& sum)>;
  void each(const visitor& visit) const;

 private:
  std::map<std::pair<std::string, std::string>, store::usage> sums_;
};

}  // namespace frpx::server
