// Where visitors can go, frozen.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "balance/policy.hpp"
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

/// Sessions among which a policy may choose, and what it knows of them beforehand.
struct candidates {
  std::vector<std::shared_ptr<session>> who;
  balance::field odds;
};

/// A model that live sessions reported.
struct routed_model {
  wire::model as_reported;  ///< By one of them.
  candidates having;
  candidates loaded;  ///< Those of them that hold it in memory now; empty where that is unknown.
};

/// The live sessions that serve the public port, at one moment, indexed. The registry makes a new
/// one when something changes; each worker reads its current one without a lock. Sessions that
/// drain stand in `by_client_id` alone.
struct routing {
  candidates all;
  text_map<std::shared_ptr<session>> by_client_id;
  text_map<routed_model> by_model;  ///< By model_key.
  /// Where the services listen that list models, as in the Host field.
  std::unordered_map<const session*, std::shared_ptr<const std::string>> local_hosts;
  bool models_differ = false;  ///< Not all of `all` reported the same models.
  candidates incomplete;       ///< Those that have models which nobody knows: see models_left_out.

  /// Those that reported `model`, under whatever of its names; null if none did.
  const routed_model* with_model(std::string_view model) const;
  /// The Host by which that client's service is spoken to; null: the visitor's own. A service that
  /// lists models hears its local address: Ollama answers 403 to anything else.
  std::shared_ptr<const std::string> local_host_of(const session& one) const;
  /// Whether it matters for a request's model who serves it: those that may have not all reported
  /// the same ones. `among`: the ids of those that may; empty: any.
  bool differ_in_models(const std::vector<std::string>& among) const;
};

/// `former`: the snapshot that this one replaces, or null. `sticky`: the policy needs what only
/// sticky needs.
std::shared_ptr<const routing> make_routing(const std::vector<std::shared_ptr<session>>& sessions,
                                            const routing* former = nullptr, bool sticky = false);

}  // namespace frpx::tunnel
