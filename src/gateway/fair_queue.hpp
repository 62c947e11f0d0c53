// Who waits, and whose turn it is.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

namespace frpx::gateway {

/// What a waiting request could use a place of.
struct wanted {
  enum class kind : std::uint8_t {
    any,
    model,
    client,
    incomplete,  ///< One whose list of models is incomplete.
  };
  kind what = kind::any;
  std::string name;  ///< Of the model (tunnel::model_key) or the client.

  auto operator<=>(const wanted&) const = default;
};

/// A bounded queue that is fair between keys: one that sends a thousand requests does not hold up
/// another that sends one. It is start-time fair queueing (P. Goyal, H. Vin, H. Cheng, 1996), each
/// request of cost 1: a newcomer stands behind as many of every other key as its own key has
/// waiting already. When it is full, the key with the most waiting gives up its last.
///
/// Not for several threads.
class fair_queue {
 public:
  struct entry {
    std::uint64_t ticket = 0;  ///< The caller's name for it; never twice.
    wanted what;
    std::string key;
    std::vector<std::uint64_t> not_at;  ///< Sessions that it has tried.
    std::vector<std::string> only_at;   ///< Clients that may serve it; empty: any.

    bool may_go_to(std::uint64_t session, std::string_view client_id) const {
      return std::find(not_at.begin(), not_at.end(), session) == not_at.end() &&
             (only_at.empty() ||
              std::find(only_at.begin(), only_at.end(), client_id) != only_at.end());
    }
  };

  explicit fair_queue(std::size_t most) : most_(most) {}

  /// Adds `one`. Gives the ticket that has no place now, which may be that of `one`.
  std::optional<std::uint64_t> push(entry one);
  /// Takes out who is next among those for whom the place of `session`, of that client, is good;
  /// `fits(wanted)` is asked once for each kind of wish. Nothing if there is nobody.
  template <class Fits>
  std::optional<entry> take(std::uint64_t session, std::string_view client_id, Fits fits);
  /// False if it was not there.
  bool remove(std::uint64_t ticket);
  std::size_t size() const { return places_.size(); }

 private:
  struct order {
    std::uint64_t tag;  // the turn of its key
    std::uint64_t number;
    auto operator<=>(const order&) const = default;
  };
  using line = std::map<order, entry>;
  struct place {
    std::map<wanted, line>::iterator group;
    order at;
  };
  struct key_state {
    std::uint64_t last_tag = 0;
    std::map<std::uint64_t, std::uint64_t> tickets;  // by number
  };

  entry take_out(const place& from);

  const std::size_t most_;
  std::map<wanted, line> lines_;
  std::unordered_map<std::uint64_t, place> places_;  // by ticket
  std::unordered_map<std::string, key_state> keys_;  // that have somebody waiting
  std::uint64_t turn_ = 0;
  std::uint64_t last_number_ = 0;
};

template <class Fits>
std::optional<fair_queue::entry> fair_queue::take(std::uint64_t session, std::string_view client_id,
                                                  Fits fits) {
  std::optional<place> next;
  for (auto group = lines_.begin(); group != lines_.end(); ++group) {
    if (!fits(group->first)) continue;
    for (const auto& [at, one] : group->second) {
      if (next && next->at < at) break;
      if (!one.may_go_to(session, client_id)) continue;
      next = place{group, at};
      break;
    }
  }
  if (!next) return std::nullopt;
  turn_ = next->at.tag;
  return take_out(*next);
}

}  // namespace frpx::gateway
