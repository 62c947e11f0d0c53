// The public port: every request is checked, routed and passed on.
#pragma once

#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/durations.hpp"
#include "core/networks.hpp"
#include "gateway/choice.hpp"
#include "gateway/held_memory.hpp"
#include "gateway/key_gate.hpp"
#include "gateway/key_uses.hpp"
#include "gateway/service_streams.hpp"
#include "gateway/sticky.hpp"
#include "gateway/unserved_models.hpp"
#include "gateway/usage_counter.hpp"
#include "gateway/waiting_room.hpp"
#include "http/head.hpp"
#include "identity/key_checker.hpp"
#include "net/admission.hpp"
#include "net/blocking_pool.hpp"
#include "net/listener.hpp"
#include "net/worker.hpp"
#include "tunnel/registry.hpp"

namespace frpx::gateway {

class exchange_room;
class visitor;

struct options {
  http::head_limits head;
  std::chrono::milliseconds request_head{10'000};
  std::chrono::milliseconds body_stall{30'000};
  std::chrono::milliseconds stream{5'000};
  std::chrono::milliseconds stream_total{15'000};
  std::chrono::milliseconds confirmation{3'000};  ///< A client's word that it reached its service.
  std::chrono::milliseconds response_head{300'000};
  std::chrono::milliseconds response_stall{300'000};
  std::chrono::milliseconds idle_visitor{60'000};
  std::chrono::milliseconds idle_stream{4'000};
  std::chrono::milliseconds key_check{2'000};
  std::size_t most_visitors = 8192;           ///< And each request of HTTP/2 counts as one.
  std::uint32_t h2_streams = 128;             ///< Requests at once on one connection of HTTP/2.
  std::size_t held_body = 64 * 1024;          ///< Bytes of a request kept for another try...
  std::size_t held_model_body = 1024 * 1024;  ///< ...and of one on a model path.
  std::size_t most_model_body = 32 * 1024 * 1024;  ///< Bytes that are read to find the model.
  std::size_t held_together = 256 * 1024 * 1024;   ///< By all requests.
  /// Besides the idempotent methods; none given: the models' paths.
  std::optional<std::vector<std::string>> repeatable_paths;
  choice_rules choosing;
  std::optional<sticky_rule> sticky;  ///< For the policy of that name.
  std::size_t most_waiting = 1024;    ///< Requests, while all clients are full.
  std::chrono::milliseconds longest_wait{30'000};
  std::uint64_t most_body = std::numeric_limits<std::uint64_t>::max();  ///< Bytes of a request's.
  networks trusted_proxies;    ///< Whose word on where a request comes from is believed.
  bool half_close = false;     ///< Who ends its direction behind a request waits for the answer.
  bool hides_clients = false;  ///< Answers do not say which client gave them.
  bool access_log = false;
};

/// What the gateway does, counted. Written by one worker, read by anyone.
struct counters {
  std::atomic<std::uint64_t> visitors{0};  ///< Ever.
  std::atomic<std::uint64_t> failovers{0};
  /// Requests that ended, by the first digit of the answer's status; at 0 those without a whole
  /// one.
  std::array<std::atomic<std::uint64_t>, 6> answers{};
  std::atomic<std::uint64_t> bytes_in{0};  ///< Of bodies, as far as they came.
  std::atomic<std::uint64_t> bytes_out{0};
  // Of requests that a client answered, from their head.
  duration_counter first_byte;  ///< To the answer's first byte.
  duration_counter took;        ///< To the end.
};

/// The sums of all workers' counters.
struct totals {
  std::uint64_t visitors = 0;  ///< Ever.
  std::uint64_t failovers = 0;
  std::array<std::uint64_t, 6> answers{};  ///< As `counters` has them.
  std::uint64_t bytes_in = 0;
  std::uint64_t bytes_out = 0;
  durations first_byte;
  durations took;
};

/// What one worker's visitors share.
struct desk {
  desk(net::worker& worker, tunnel::registry& registry, identity::key_checker& keys,
       net::blocking_pool& pool, net::admission& places, waiting_room& room, held_memory& held,
       usage_inbox& inbox, unserved_models& unserved, std::atomic<bool>& must_look,
       const options& how);
  ~desk();

  net::worker& on;
  tunnel::registry& clients;
  net::admission& places;  ///< Of all workers' visitors.
  const options& how;
  key_gate gate;
  key_uses in_use;
  service_streams services;
  waiting_room& room;
  held_memory& held;  ///< By all workers' requests.
  counters count;
  usage_counter usage;
  unserved_models& unserved;  ///< By all workers' requests.
  bool draining = false;

  /// Exchanges are large and short-lived: their memory is used again.
  std::unique_ptr<exchange_room> take_room();
  void give_room(std::unique_ptr<exchange_room> used);

  void enter(visitor& one);
  void leave(visitor& one);
  void ring_all();

 private:
  std::vector<std::unique_ptr<exchange_room>> spare_;
  visitor* visitors_ = nullptr;
};

/// Owns the desks of all workers. The listener's handler calls `accept` on the worker that will own
/// the visitor; the rest is called on the home worker.
class gateway {
 public:
  gateway(net::worker_pool& workers, tunnel::registry& clients, identity::key_checker& keys,
          net::blocking_pool& pool, options how);
  ~gateway();

  void accept(net::worker& on, net::accepted one);
  /// No further request on any connection; idle visitors are let go at once.
  void drain();
  /// Drops the streams that are kept between requests: all, or those of one session.
  void close_idle_streams();
  void close_idle_streams_of(std::uint64_t session);
  /// There are other clients than before: requests that wait may have one. Home worker.
  void look_around() { room_.look_around(); }

  // Home worker: keys that end while they are in use.

  /// The keys that any request or upgraded connection was let in by. Error: net::errc::late.
  boost::asio::awaitable<result<used_keys>> keys_in_use();
  /// Ends what was let in by keys that have ended: what waits is refused, what runs is reset.
  void apply(const key_changes& changes);
  /// Whether keys in use may have ended without a change: true once for each time.
  bool take_expired() { return must_look_.exchange(false, std::memory_order_relaxed); }

  /// For all visitors of the server: those of outer ports take theirs here too.
  net::admission& places() { return admission_; }
  /// What the workers counted and handed in, for whoever writes it down. Any thread.
  usage_inbox& usage() { return usage_; }
  /// What was asked for in vain. Any thread.
  const unserved_models& unserved() const { return unserved_; }
  /// Has all of it handed in, when the workers have been joined.
  void hand_in_usage();

  std::size_t visitors() const { return admission_.inside(); }
  totals so_far() const;
  /// Requests that wait because all clients are full.
  std::size_t waiting() const { return room_.size(); }

 private:
  const options options_;
  net::worker_pool& workers_;
  net::admission admission_;
  waiting_room room_;
  held_memory held_;
  usage_inbox usage_;
  std::atomic<bool> must_look_{false};  // at the keys in use
  unserved_models unserved_;
  std::vector<std::unique_ptr<desk>> desks_;
};

}  // namespace frpx::gateway
