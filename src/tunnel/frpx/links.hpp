// The links of one worker.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <unordered_map>
#include <vector>

#include "core/uuid.hpp"
#include "link/connection.hpp"
#include "link/ledger.hpp"
#include "net/worker.hpp"
#include "wire/frpx_command.hpp"

namespace frpx::tunnel::frpx_dialect {

/// Every worker has a link of its own to every client that speaks `link/1`, so that a visitor is
/// served on the worker that accepted it and no message crosses threads. A link is brought by the
/// client under a one-time id; one that is lost or drained is ordered again, at once and then after
/// growing pauses.
///
/// Touched by its worker only.
class links {
 public:
  /// Asks the home worker to have a link ordered for that session.
  using order_link = std::function<void(std::uint64_t session)>;

  /// `move_after` in bytes, as link::options has it.
  links(net::worker& on, link::credit_pool& credit, std::uint32_t move_after, order_link order);
  links(const links&) = delete;
  links& operator=(const links&) = delete;
  ~links();

  /// The session's client was told to bring a link under `id`, within 10 s.
  void expect(std::uint64_t session, const uuid& id);
  /// A connection to the proxy port presented `what`; `behind` are bytes that followed its frame.
  /// False when nobody expects it.
  bool present(const wire::new_link& what, net::unique_fd fd, bytes_view behind);
  /// A connection to the proxy port presented the id of a stream that moves. It takes `fd` and
  /// returns true, or leaves it when it knows no such stream.
  bool present_own(const uuid& id, net::unique_fd& fd, bytes_view behind);
  /// The client could not bring it.
  void failed(const uuid& id);
  /// The session has ended: its links are reset.
  void end_session(std::uint64_t session);

  /// The session's link for a new stream, or null.
  link::connection* fit(std::uint64_t session) const;
  /// A link that the session has, fit or not: to ask how the client fares.
  link::connection* any(std::uint64_t session) const;
  /// How many are up. Any thread.
  std::size_t up() const { return up_.load(std::memory_order_relaxed); }

 private:
  class place;

  void forget(const place& which);

  net::worker& on_;
  link::credit_pool& credit_;
  const std::uint32_t move_after_;
  const order_link order_;
  std::atomic<std::size_t> up_{0};
  const std::unique_ptr<std::byte[]> receive_buffer_;
  std::unordered_map<std::uint64_t, std::unique_ptr<place>> places_;
  std::vector<std::unique_ptr<place>> ending_;  // sessions that are over, links that are not yet
};

}  // namespace frpx::tunnel::frpx_dialect
