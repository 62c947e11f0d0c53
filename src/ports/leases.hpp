// The leases of a running program.
#pragma once

#include <boost/asio/awaitable.hpp>

#include <chrono>
#include <condition_variable>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <unordered_set>
#include <vector>

#include "ports/lease_book.hpp"
#include "ports/lease_draft.hpp"
#include "ports/lease_store.hpp"

namespace frpx::ports {

struct lease_options {
  rules by;
  std::chrono::milliseconds expire_after{0};  ///< Frees leases unused for that long; 0: never.
  std::chrono::milliseconds refresh{500};     ///< How often others' changes are looked for.
  std::size_t most_waiting = 4096;            ///< Changes that may wait for the disk.
};

/// Gives ports and remembers them: a lease that was answered is on the disk, and no port is given
/// to two, whatever crashes and however many programs share the store.
///
/// A known lease is answered from memory. All changes go through one thread that takes those which
/// wait together, decides them in one round of the store and answers when it is on the disk: so the
/// disk is flushed once for many. Others' changes are seen in each round, and looked for while
/// nothing happens.
///
/// Any worker and thread may call. The coroutines end with their own worker; what they have asked
/// for may still happen. The destructor finishes what waits.
class leases {
 public:
  /// Reads all leases; blocks. Errors: those of store::store.
  static result<std::unique_ptr<leases>> start(std::unique_ptr<lease_store> store,
                                               lease_options options);
  leases(const leases&) = delete;
  leases& operator=(const leases&) = delete;
  ~leases();

  /// The port that `asked` has already, from memory, which is then known to be in use. Nothing when
  /// there is none, when it has not been used for so long that it might expire now, or when it is
  /// not known whose it is: then `take`.
  std::optional<std::uint16_t> known(const wish& asked);
  /// The lease for `asked`, an old or a new one. Errors: those of lease_book::allocate, overloaded,
  /// stopped, net::errc::late, and those of the store.
  boost::asio::awaitable<result<lease>> take(wish asked);
  /// Gives `proxy` that port. Errors: those of lease_book::may_hold and as above.
  boost::asio::awaitable<result<lease>> assign(std::string proxy, std::uint16_t port,
                                               transport over);
  /// Gives the lease of `from` to `to`, which has none. Errors: unknown_proxy, bad_name,
  /// held_by_another when `to` has one, and as above.
  boost::asio::awaitable<result<lease>> rename(std::string from, std::string to);
  /// Ends a lease. Error: unknown_proxy, and as above.
  boost::asio::awaitable<result<lease>> release(std::string proxy);

  /// One change, decided within a round: enters it in the draft, or says why not.
  using change = std::function<result<lease>(lease_draft&)>;
  /// For callers without a worker: blocks until the change is on the disk.
  result<lease> apply(change what);

  /// The client with this run id lives.
  void note_ping(std::string_view run_id);
  /// A proxy was closed.
  void note_close(std::string_view proxy);

  struct figures {
    std::size_t leases = 0;
    std::size_t outside = 0;  ///< Of them, outside of the ranges.
    std::size_t free_ports = 0;
    std::size_t waiting = 0;   ///< Changes that wait for the disk.
    std::uint64_t rounds = 0;  ///< Rounds of the store that wrote.
    std::uint64_t expired = 0;
    error_code store_error;  ///< How the last round ended.
  };
  figures look() const;

  /// How many leases are that user's.
  std::size_t held_by(std::string_view user) const;
  /// A copy of one lease.
  std::optional<lease> find(std::string_view proxy) const;
  /// Appends copies of the leases of the ports from `port` on, about `count` of them, and returns
  /// the port to go on with; 0 when that was all. A list is not of one moment.
  std::uint32_t list_from(std::uint32_t port, std::size_t count, std::vector<lease>& into) const;

 private:
  struct order {
    change decide;
    std::function<void(result<lease>)> done;
    result<lease> outcome = errc::stopped;
  };

  leases(std::unique_ptr<lease_store> store, lease_options options);
  boost::asio::awaitable<result<lease>> ask(change what);
  bool submit(order one);

  void run();
  error_code run_round(std::vector<order>& orders);
  lease_changes decide(lease_news news, std::vector<order>& orders, lease_news& read);
  void publish(const lease_news& read, const lease_changes& written);
  bool flush_uses();
  bool write_uses(const std::vector<lease>& used);
  void expire();
  std::vector<std::string> expired_in(const lease_book& book) const;
  void note_use_locked(std::string_view proxy, std::string_view run_id, use state);
  void report(error_code failed);

  const lease_options options_;
  const std::shared_ptr<const rules> rules_;
  const std::chrono::milliseconds flush_every_;

  // The committing thread's own.
  const std::unique_ptr<lease_store> store_;
  lease_draft draft_;
  bool closes_written_ = false;
  steady_time next_flush_;
  steady_time next_expiry_;

  mutable std::mutex mutex_;  // guards what follows
  std::condition_variable woken_;
  std::deque<order> queue_;
  std::unique_ptr<lease_book> book_;       // what is on the disk, and uses that are not yet
  std::unordered_set<std::string> dirty_;  // names whose use is not written yet
  bool closes_are_told_ = false;
  bool stopping_ = false;
  std::uint64_t rounds_ = 0;
  std::uint64_t expired_ = 0;
  error_code store_error_;

  std::thread thread_;
};

}  // namespace frpx::ports
