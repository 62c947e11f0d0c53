// A service on its outer port, open for visitors.
#pragma once

#include <any>
#include <array>
#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "balance/policy.hpp"
#include "net/token_bucket.hpp"
#include "net/worker.hpp"
#include "tunnel/errc.hpp"
#include "tunnel/hooks.hpp"
#include "tunnel/service.hpp"
#include "tunnel/session.hpp"

namespace frpx::tunnel {

/// A client that serves a tunnel: one, or each of a group.
struct member {
  std::shared_ptr<session> client;
  std::uint32_t weight = 1;
};

/// The clients of a tunnel at one moment, and what the policies know of them beforehand. Read by
/// all workers; never changed.
class members {
 public:
  /// `former`: those in whose place these come, or null.
  members(std::vector<member> list, balance::policy by, const members* former);

  const std::vector<member>& list() const { return list_; }
  std::size_t size() const { return list_.size(); }
  const member& operator[](std::size_t i) const { return list_[i]; }

  /// The one to ask next, as the policy has it: one that lives, takes streams and has not been
  /// tried; nothing if there is none left. `tried` has a place for each; `visitor` is what a sticky
  /// policy sticks to.
  std::optional<std::size_t> choose(quick_random& random, const std::vector<bool>& tried,
                                    const boost::asio::ip::address& visitor) const;

 private:
  const std::vector<member> list_;
  const balance::policy by_;
  balance::field odds_;
};

/// What all workers know of one tunnel. Its port is opened, and its end brought about, by
/// outer_ports; its visitors keep it alive until they have left.
///
/// Its limits are exact over all workers: visitors are counted in one atomic, so a thousand that
/// come at once never exceed a limit by one.
class tunnel {
 public:
  /// Visitors at once when no limit is set, and what discovery shows for no limit on their number.
  static constexpr std::uint32_t usual_capacity = 10'000;
  static constexpr std::uint32_t shown_total = 100'000;

  /// `end` is called on the home worker to end it, with the reason.
  tunnel(std::uint64_t number, service what, std::shared_ptr<const members> first,
         net::worker_pool& workers, hooks* hears, std::function<void(error_code)> end);
  tunnel(const tunnel&) = delete;
  tunnel& operator=(const tunnel&) = delete;

  // Any thread.

  /// Never used twice in one process.
  std::uint64_t number() const { return number_; }
  const service& what() const { return what_; }
  std::uint16_t port() const { return what_.outer_port; }
  bool is_open() const { return open_.load(std::memory_order_acquire); }
  /// A new visitor takes a place. False when the tunnel has ended or is full, or has served all it
  /// may: the visitor is to be reset. Who got true calls `leave` once.
  bool enter();
  void leave();
  /// Whether there is no place because there are too many visitors, and for no other reason.
  bool is_full() const;
  /// Ends it with all its visitors, soon.
  void abort() { end_soon(errc::aborted); }
  tunnel_view look() const;
  /// What its visitors moved so far; of TCP visitors that are here still, what was counted of them
  /// at the last outer_ports::note_bytes.
  std::uint64_t bytes(direction way) const;
  hooks* hears() const { return hears_; }
  /// The buckets of a service whose bandwidth is limited, else null.
  net::token_bucket* bucket(direction way) {
    return what_.bandwidth == 0 ? nullptr : &buckets_[static_cast<std::size_t>(way)];
  }

  // Worker `on` only.

  /// A visitor moved so many bytes.
  void count(const net::worker& on, direction way, std::uint64_t bytes) {
    auto& counter = moved_[on.index()].ways[static_cast<std::size_t>(way)];
    counter.store(counter.load(std::memory_order_relaxed) + bytes, std::memory_order_relaxed);
  }
  /// Its clients, as that worker knows them; never null.
  const std::shared_ptr<const members>& clients(const net::worker& on) const {
    return clients_[on.index()];
  }

  /// The hooks' own, as long as the tunnel; they see to it that one thread touches it at a time.
  std::any attachment;

 private:
  friend class outer_ports;

  // Bytes each way, in a cache line of its own: one worker counts, all read.
  struct alignas(64) byte_counts {
    std::array<std::atomic<std::uint64_t>, 2> ways{};
  };

  // Home worker.
  void publish(std::vector<member> now, balance::policy by);
  void end_soon(error_code why);
  const std::vector<member>& all() const { return clients_[home_.index()]->list(); }

  const std::uint64_t number_;
  const service what_;
  net::worker_pool& workers_;
  net::worker& home_;
  hooks* const hears_;
  const std::function<void(error_code)> end_;
  const std::uint32_t capacity_;
  net::token_bucket buckets_[2];
  std::vector<std::shared_ptr<const members>> clients_;  // by worker, which alone touches it
  std::vector<byte_counts> moved_;                       // by worker, which alone counts
  std::atomic<bool> open_{true};
  std::atomic<std::uint64_t> places_{0};  // taken so far, and in the lower half those taken now
};

}  // namespace frpx::tunnel
