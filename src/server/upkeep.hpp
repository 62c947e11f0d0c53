// What a server does all the time so that store, cache and sessions agree.
#pragma once

#include <boost/asio/awaitable.hpp>

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "gateway/gateway.hpp"
#include "identity/key_checker.hpp"
#include "identity/logins.hpp"
#include "net/blocking_pool.hpp"
#include "net/worker.hpp"
#include "store/store.hpp"
#include "tunnel/registry.hpp"

namespace frpx::server {

/// Hears of changes five times a second: the key checker forgets, and what came in by what has been
/// revoked since ends, be it a client's session or a visitor's request. Every second: clients'
/// machines are shown in the store as they come and go, tokens learn which client uses them and are
/// renewed in the second half of their life. Now and then: what is left over from servers that died
/// is put right, and expired tokens, old usage and old changes go.
///
/// A store that is away delays all of that and ends no session. Made and used on the home worker;
/// what blocks runs on the pools. `run` and `watch` end by being cancelled.
class upkeep {
 public:
  struct surroundings {
    net::worker& home;
    net::blocking_pool& blocking;
    store::store& store;
    identity::logins& logins;
    identity::key_checker& keys;
    tunnel::registry& clients;
    gateway::gateway& entry;
  };
  /// Hears of each look at the store and at the shared cache whether they answered.
  using health_listener = std::function<void(error_code store, bool shared_answers)>;
  /// Called when users, keys or tokens have changed, by whatever hand.
  using change_listener = std::function<boost::asio::awaitable<void>()>;

  upkeep(surroundings around, health_listener tell, change_listener changed);

  boost::asio::awaitable<void> watch();
  boost::asio::awaitable<void> run();

  /// Shows the machines as offline. Blocks; for the end, when the two coroutines have been joined.
  void leave();

 private:
  // A client's machine as the store shows it.
  struct shown {
    std::string user_id;
    std::string name;
    bool online = true;
    steady_time put_at = steady_time::min();
  };
  struct machine {
    std::string client_id;
    shown as;
  };
  struct held {
    std::uint64_t session = 0;
    tunnel::credential by;
    std::string client_id;
    std::string user_id;
  };
  struct renewal {
    held of;
    identity::issued_token token;
  };

  struct doomed {
    held who;
    std::string why;
  };
  struct findings {
    std::vector<doomed> sessions;
    gateway::key_changes keys;
  };

  boost::asio::awaitable<bool> end_revoked();
  static result<findings> judge(store::store& by, const std::vector<held>& sessions,
                                const gateway::used_keys& keys);
  std::uint64_t newest_session() const;
  boost::asio::awaitable<void> show_machines(steady_time now);
  boost::asio::awaitable<void> bind_tokens();
  boost::asio::awaitable<void> renew_tokens();
  boost::asio::awaitable<void> tidy(steady_time now);
  std::vector<machine> machines_to_put(steady_time now);
  std::vector<held> holders() const;
  tunnel::session* find(const held& of) const;

  const surroundings around_;
  const health_listener tell_;
  net::blocking_pool watching_{1, 4};  // so that nothing else delays it
  const change_listener changed_;
  bool store_answers_ = false;
  std::uint64_t looked_at_ = 0;                 // the newest session that end_revoked() has seen
  std::map<std::string, shown> machines_;       // by client id
  std::map<std::uint64_t, std::string> bound_;  // session: the token that knows its client
  steady_time swept_at_ = steady_time::min();
  steady_time expired_at_ = steady_time::min();
};

}  // namespace frpx::server
