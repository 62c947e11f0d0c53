// A listening port.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "net/socket.hpp"
#include "net/turn_budget.hpp"
#include "net/worker.hpp"

namespace frpx::net {

/// What was accepted, already on the worker that will own it.
struct accepted {
  unique_fd fd;
  endpoint peer;
  placement placed;  ///< Kept for as long as the connection is work for its worker.
};

/// Accepts on one port and gives each connection to the least loaded worker (or to one worker
/// alone). Lives on the home worker. When the program has run out of descriptors it pauses for
/// 100 ms, so that the connections that wait neither spin nor are lost.
class listener final : private poller::source, private poller::task, private deadline {
 public:
  enum class placing { home, least_loaded };
  /// Called on the worker that is to own the connection. One that is on its way to another worker
  /// at `stop` still arrives, so what the handler refers to lives as long as the workers run.
  using handler = std::function<void(worker&, accepted)>;

  listener(worker_pool& workers, placing where, handler on_accept);
  /// Gives all connections to `only`, or each to the least loaded worker if that is null.
  listener(worker_pool& workers, worker* only, handler on_accept);
  ~listener();

  /// Binds and listens. `address` is an IP address, `::` meaning all addresses of both families;
  /// port 0 lets the system choose. Called before the workers start, or on the home worker.
  error_code open(const std::string& address, std::uint16_t port);
  /// The port that is bound.
  std::uint16_t port() const { return port_; }
  void stop();

 private:
  void on_events(std::uint32_t events) override;
  void run() override { accept_all(); }
  void expired() override { accept_all(); }
  void accept_all();
  void place(accepted one);

  worker_pool& workers_;
  worker* const only_;
  const std::shared_ptr<const handler> on_accept_;
  turn_budget share_;
  unique_fd fd_;
  std::uint16_t port_ = 0;
};

}  // namespace frpx::net
