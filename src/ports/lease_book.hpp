// All leases, and the rules by which ports are given.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <set>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "core/result.hpp"
#include "ports/errc.hpp"
#include "ports/lease.hpp"
#include "ports/ranges.hpp"

namespace frpx::ports {

struct rules {
  ranges allowed;
  bool share_tcp_udp = false;       ///< One `tcp` and one `udp` lease may hold the same number.
  bool strict = false;              ///< A wish that cannot be met is refused, not replaced.
  std::uint32_t most_per_user = 0;  ///< Leases, beyond which a user gets no new one; 0: any.
  /// Whether something else on this machine holds the port; asked before a port is given for the
  /// first time. May be empty.
  std::function<bool(std::uint16_t, transport)> is_taken;
};

/// Which proxy holds which port: plain memory, no clock, no disk, one thread at a time.
///
/// Finding a lease and giving the next port take the same time whether there are ten leases or
/// sixty thousand.
class lease_book {
 public:
  explicit lease_book(std::shared_ptr<const rules> by);

  /// The lease of that name, or null; gone with the next change.
  const lease* find(std::string_view proxy) const;
  /// The lease that `asked` has already, as it asks for it: its group's, which goes first for frp
  /// demands that all members have the same port, else its own. Null when a change is needed.
  const lease* find_for(const wish& asked) const;

  /// The lease for a wish that has none: the wished port if it lies in the ranges and is free, else
  /// the next free one in the order of the ranges. It is not entered yet: see `put`. A proxy with a
  /// lease of its own that joins a group without one brings it in; one whose transport has changed
  /// keeps its number if that is free for it.
  /// Errors: bad_name, too_many_leases, no_free_port, wish_not_met.
  result<lease> allocate(const wish& asked, wall_time now) const;

  /// Whether another than `proxy` stands against its holding this port.
  bool is_held_by_another(std::string_view proxy, std::uint16_t port, transport over) const;
  /// May an operator give `proxy` this port? Errors: bad_name, held_by_another, outside_ranges
  /// (unless it holds it already).
  result<void> may_hold(std::string_view proxy, std::uint16_t port, transport over) const;

  /// Enters a lease, in place of an older one of that name. What stands there is not judged again:
  /// leases of smaller or larger ranges are kept.
  void put(lease row);
  void erase(std::string_view proxy);
  void clear();

  /// Notes that a lease is used, without changing to whom it belongs. False for an unknown name.
  bool note_use(std::string_view proxy, std::string_view run_id, use state, wall_time now);
  /// Calls `visit` with the name of each proxy that the client with this run id asked for last.
  template <class F>
  void each_of_run(std::string_view run_id, F visit) const {
    for (auto at = by_run_.lower_bound({run_id, nullptr});
         at != by_run_.end() && at->first == run_id; ++at) {
      visit(at->second->proxy);
    }
  }

  std::size_t size() const { return by_proxy_.size(); }
  /// How many leases are that user's.
  std::size_t held_by(std::string_view user) const;
  /// Leases whose port is not in the ranges (any more).
  std::size_t outside() const { return outside_; }
  /// How many numbers of the ranges are not leased to anybody.
  std::size_t free_ports() const { return free_; }

  /// Calls `visit` with every lease of `port`.
  template <class F>
  void at_port(std::uint16_t port, F visit) const {
    for (const lease* const row : by_port_[port]) {
      if (row != nullptr) visit(*row);
    }
  }
  /// With every lease, in the order of ports.
  template <class F>
  void each(F visit) const {
    for (std::uint32_t port = 1; port < by_port_.size(); ++port) {
      at_port(static_cast<std::uint16_t>(port), visit);
    }
  }

 private:
  struct text_hash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const {
      return std::hash<std::string_view>{}(text);
    }
  };
  template <class T>
  using by_text = std::unordered_map<std::string, T, text_hash, std::equal_to<>>;

  std::string group_key(std::string_view user, std::string_view group, transport over) const;
  const lease* holder(std::uint16_t port, transport over) const;
  bool may_be_given(std::uint16_t port, transport over) const;
  result<std::uint16_t> choose(const wish& asked) const;
  void leave(const lease& row);

  std::shared_ptr<const rules> rules_;
  std::vector<std::uint16_t> order_;             // the ports of the ranges, as they are given
  std::vector<std::uint32_t> place_;             // of each port in order_, or no_place
  mutable std::array<std::uint32_t, 2> next_{};  // by transport: none before it in order_ is free
  by_text<std::unique_ptr<lease>> by_proxy_;
  by_text<const lease*> by_group_;
  by_text<std::size_t> held_by_;                                // how many, by user
  std::set<std::pair<std::string_view, const lease*>> by_run_;  // the texts lie in the leases
  std::vector<std::array<const lease*, 2>> by_port_;            // by transport
  std::size_t outside_ = 0;
  std::size_t free_ = 0;
};

}  // namespace frpx::ports
