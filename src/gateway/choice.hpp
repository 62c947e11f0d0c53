// Which client serves a request.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "balance/health.hpp"
#include "balance/policy.hpp"
#include "gateway/fair_queue.hpp"
#include "gateway/slot.hpp"
#include "net/worker.hpp"
#include "tunnel/routing.hpp"

namespace frpx::gateway {

/// What the operator said of choosing.
struct choice_rules {
  balance::policy policy = balance::policy::random;
  bool any_for_unknown_model = true;  ///< Else a model that nobody has is refused.
  balance::health_rules health;
};

/// What a request says of who is to serve it. The views live as long as the request.
struct choice_wish {
  std::string_view client_id;                         ///< Empty: it names none.
  const std::vector<std::string>* clients = nullptr;  ///< The only ones; null or empty: any.
  std::string_view model;                 ///< Empty: it names none, or none that could be read.
  std::optional<std::uint64_t> stick_to;  ///< What the policy `sticky` sticks to.
};

/// The candidates of one request, and those it has tried: a client that the request names, else
/// those that have its model, else those whose list of models is incomplete, which may have it,
/// else all. Among them the policy chooses; those that hold the model in memory are preferred as
/// long as they are not busy, and one whose service fails is a last resort.
///
/// Allocates nothing. One for each request, on its worker.
class choice {
 public:
  static constexpr std::size_t most_tries = 16;

  choice(net::worker& on, waiting_room& room, const choice_rules& rules);

  /// What the request says is known. False: nobody has its model, and the rules refuse that.
  bool begin(std::shared_ptr<const tunnel::routing> among, const choice_wish& wish);

  enum class answer : std::uint8_t {
    chosen,
    full,    ///< There are clients, and none takes another request now.
    nobody,  ///< No client is left.
  };
  /// Takes a place at the next client and counts it as tried.
  answer next(slot& into);
  /// The request waited, and has been given a place elsewhere than by next().
  void took(const tunnel::session& one);
  /// The client that was tried last may be tried once more.
  void forgive_last() { --tries_; }
  /// A client is left that was not tried, were it full.
  bool has_more() const;

  /// The wish's model as clients reported it; null: none of them did, or it was not looked for.
  const tunnel::routed_model* model() const { return model_; }

  /// What a request could wait for, when all are full.
  wanted to_wait_for() const;
  std::span<const std::uint64_t> tried() const { return {tried_.data(), tries_}; }

 private:
  // Up to so many requests at once the client that has the model loaded is worth more than an idle
  // one, which has to load it first: Ollama's own default of requests in parallel.
  static constexpr std::uint32_t cosy = 4;

  static bool is_among(const std::vector<std::string>* clients, const tunnel::session& one);
  bool may_serve(const tunnel::session& one) const;
  const std::shared_ptr<tunnel::session>* pick(bool& saw_full, bool& last_resort, steady_time now);
  template <class Usable>
  const std::shared_ptr<tunnel::session>* pick_of(const tunnel::candidates& set, Usable usable);

  net::worker& on_;
  waiting_room& room_;
  const choice_rules& rules_;
  std::shared_ptr<const tunnel::routing> routing_;
  const std::shared_ptr<tunnel::session>* named_ = nullptr;
  const tunnel::routed_model* model_ = nullptr;
  const tunnel::candidates* among_ = nullptr;  // unless one is named
  choice_wish wish_;
  std::array<std::uint64_t, most_tries> tried_;  // sessions
  std::size_t tries_ = 0;                        // of them
};

}  // namespace frpx::gateway
