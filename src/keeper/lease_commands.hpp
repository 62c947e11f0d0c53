// `lease list` and `lease release`, of frps and of frp-port-keeper.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "ports/lease_draft.hpp"
#include "ports/lease_store.hpp"

namespace frpx::keeper {

/// What a command ends with and says; `err` without the program's name.
struct lease_outcome {
  int code = 0;
  std::string out;
  std::string err;
};

/// Commands on a store of leases, beside running programs or not: each is one change of one round,
/// so it sees what they have written. They block.
class lease_commands {
 public:
  /// `json`: answers as JSON.
  lease_commands(ports::lease_store& in, bool json) : in_(in), json_(json) {}

  lease_outcome list() const;
  lease_outcome release(const std::string& proxy) const;

  /// Runs `f(ports::lease_draft&)` in one round. Errors: the store's.
  template <class F>
  result<void> in_a_round(F f) const {
    return in_.exchange([&](const ports::lease_news& news) {
      ports::lease_draft draft(std::make_shared<const ports::rules>());
      draft.learn(news);
      f(draft);
      return draft.take_changes();
    });
  }
  result<std::vector<ports::lease>> all() const;

 private:
  ports::lease_store& in_;
  const bool json_;
};

/// What is said of a store that failed.
lease_outcome store_failed(const error_code& why);

}  // namespace frpx::keeper
