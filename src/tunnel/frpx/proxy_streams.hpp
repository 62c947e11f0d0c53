// Streams in the public form of the frpx dialect: a connection to the proxy port each.
#pragma once

#include <boost/asio/awaitable.hpp>

#include <atomic>
#include <functional>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "core/uuid.hpp"
#include "net/socket.hpp"
#include "net/wakeup.hpp"
#include "net/worker.hpp"
#include "tunnel/session.hpp"

namespace frpx::tunnel::frpx_dialect {

/// The streams of one worker that are ordered but not there yet, and those that live. The one-time
/// id of an order names the worker in its last byte, so that the proxy port hands the connection to
/// the worker that waits for it. Ids come from the system's random source and serve once; wrong,
/// late and repeated ones are closed without a reply.
///
/// Touched by its worker only.
class proxy_streams {
 public:
  static constexpr std::size_t most_pending = 4096;

  explicit proxy_streams(net::worker& on) : on_(on) {}
  proxy_streams(const proxy_streams&) = delete;
  proxy_streams& operator=(const proxy_streams&) = delete;
  ~proxy_streams();

  /// Has `send_order` tell the client to bring the stream `id`, and waits for it, at most
  /// `patience`. Errors: tunnel::errc::late, session_gone, too_many.
  boost::asio::awaitable<result<std::unique_ptr<net::stream>>> order(
      std::uint64_t session, std::function<void(const uuid&)> send_order,
      steady_clock::duration patience);

  /// The same without waiting: `bell` is rung when the stream has come. Null when too many are
  /// ordered.
  std::unique_ptr<life_sign> ask_for_sign(std::uint64_t session, net::wakeup& bell,
                                          std::function<void(const uuid&)> send_order);

  /// A connection to the proxy port presented `id`; `behind` are bytes that followed its frame.
  /// False when nobody waits for it; it is then closed.
  bool present(const uuid& id, net::unique_fd fd, bytes_view behind);

  /// The session has ended: its pending orders fail, its streams are reset and say so.
  void end_session(std::uint64_t session);

  std::size_t pending() const { return pending_.load(std::memory_order_relaxed); }  ///< Any thread.
  /// The fingerprints of the ids that are waited for: who knows an id can take the stream.
  std::vector<std::string> pending_fingerprints() const;

 private:
  class proxy_stream;
  struct pending_order;
  class ordered_sign;

  net::worker& on_;
  std::atomic<std::size_t> pending_{0};
  std::unordered_map<uuid, pending_order*, uuid::hash> orders_;
  // A ring of the streams of each session, so that its end finds them.
  std::unordered_map<std::uint64_t, proxy_stream*> live_;
};

}  // namespace frpx::tunnel::frpx_dialect
