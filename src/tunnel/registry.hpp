// Who is connected.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "net/worker.hpp"
#include "tunnel/errc.hpp"
#include "tunnel/routing.hpp"

namespace frpx::tunnel {

/// What a client shows so that it may take the place of an older session under its id: design.md's
/// "the same id again". Empty members match nothing.
struct claim {
  std::string user_id;
  std::string token_id;  ///< The token that it used, or that it was given.
  std::string instance;  ///< The client's process.
};

/// The sessions of this server by client id, and the routing snapshots made of them.
///
/// Lives on the home worker; only `current` may be called elsewhere, each worker for itself.
/// Changes that come together make one snapshot.
class registry {
 public:
  /// `sticky`: the snapshots carry what the policy `sticky` needs.
  registry(net::worker_pool& workers, std::size_t most_sessions, bool sticky = false);
  ~registry();

  /// Admits a session. An older one of the same id is ended if `claim` entitles to it.
  /// Errors: already_connected, contested, banned, too_many.
  error_code add(std::shared_ptr<session> newcomer, claim by);
  /// The session has ended; nothing if it was replaced already.
  void remove(const session& gone);
  /// The client, or an operator, wants no further streams; those that run go on.
  void drain(session& which);
  /// It takes streams again.
  void undrain(session& which);
  /// `hears` is told the number of each session that drains or has gone, so that nothing is kept
  /// for it. Set once, before the workers start.
  void on_leaving(std::function<void(std::uint64_t)> hears) { on_leaving_ = std::move(hears); }
  /// `hears` is told on the home worker when there is another snapshot there. Set once, before the
  /// workers start.
  void on_change(std::function<void()> hears) { on_change_ = std::move(hears); }
  /// Something that routing depends on has changed: its models.
  void changed() { publish_soon(); }

  std::shared_ptr<session> find(std::string_view client_id) const;
  const std::vector<std::shared_ptr<session>>& sessions() const { return sessions_; }
  /// Refuses that id until then.
  void ban(const std::string& client_id, steady_time until);
  std::uint64_t next_number() { return ++last_number_; }

  /// The snapshot of that worker; called on it. Never null.
  const std::shared_ptr<const routing>& current(const net::worker& on) const {
    return snapshots_[on.index()];
  }

 private:
  struct member {
    std::shared_ptr<session> who;
    claim by;
    std::size_t place = 0;  // in sessions_
  };
  struct publisher final : net::poller::task {
    explicit publisher(registry& of) : owner(of) {}
    void run() override { owner.publish(); }
    registry& owner;
  };

  error_code may_replace(const member& old, const claim& by);
  void drop(text_map<member>::iterator which);
  void publish_soon();
  void publish();

  net::worker_pool& workers_;
  const std::size_t most_sessions_;
  const bool sticky_;
  text_map<member> members_;
  std::vector<std::shared_ptr<session>> sessions_;
  text_map<steady_time> banned_;
  text_map<steady_time> replaced_;  // when an id changed hands last
  std::vector<std::shared_ptr<const routing>> snapshots_;
  publisher publisher_;
  std::function<void(std::uint64_t)> on_leaving_;
  std::function<void()> on_change_;
  std::uint64_t last_number_ = 0;
};

}  // namespace frpx::tunnel
