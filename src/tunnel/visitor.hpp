// The visitors of a TCP tunnel.
#pragma once

#include <boost/asio/awaitable.hpp>

#include <chrono>
#include <memory>
#include <vector>

#include "net/admission.hpp"
#include "net/listener.hpp"
#include "net/relay.hpp"
#include "tunnel/tunnel.hpp"

namespace frpx::tunnel {

class visitor;

/// How long a visitor waits until it is joined with a service.
struct tcp_options {
  std::chrono::milliseconds stream{5'000};         ///< For one client's stream.
  std::chrono::milliseconds stream_total{15'000};  ///< For a stream, all tries together.
  std::chrono::milliseconds confirmation{3'000};   ///< For a client's word that it reached its
                                                   ///< service, while another might.
};

/// All visitors of one tunnel, in a ring for each worker, which alone touches it. They keep it, and
/// by it the tunnel, until the last has left.
class visitor_rings {
 public:
  visitor_rings(std::shared_ptr<tunnel> of, std::size_t workers, tcp_options how)
      : of_(std::move(of)), how_(how), first_(workers) {}

  tunnel& of() const { return *of_; }
  const tcp_options& how() const { return how_; }
  void enter(visitor& one);
  void leave(visitor& one);
  /// Resets the visitors of the worker that calls.
  void end_all(const net::worker& on);
  /// Has the tunnel count what they have moved until now.
  void note_bytes(const net::worker& on);

 private:
  const std::shared_ptr<tunnel> of_;
  const tcp_options how_;
  std::vector<visitor*> first_;
};

/// One visitor, from its place in the tunnel until it is given back: a coroutine finds a client and
/// opens a stream, then a relay carries the bytes, and this, which is small, waits for its end.
///
/// Belongs to its worker, which alone touches it; the hooks get it there. `abort` cancels it.
class visitor final : private net::relay::observer, private net::poller::task {
 public:
  /// Serves it to its end. Its place in the tunnel has been taken; `place` is the one among all
  /// visitors of the server.
  static void come(std::shared_ptr<visitor_rings> among, net::worker& on, net::accepted one,
                   net::admission::ticket place);
  ~visitor();

  tunnel& of() { return among_->of(); }
  net::worker& on() { return on_; }
  const net::endpoint& remote() const { return remote_; }
  const net::endpoint& local() const { return local_; }
  /// The client that serves it; null before one is found.
  const session* client() const { return client_.get(); }
  /// Ends it with a reset, soon; allowed within its own hooks.
  void abort();

 private:
  friend class visitor_rings;
  struct opening;

  visitor(std::shared_ptr<visitor_rings> among, net::worker& on, net::accepted one,
          net::admission::ticket place);

  static boost::asio::awaitable<void> serve(std::unique_ptr<visitor> one);
  static void join(std::unique_ptr<visitor> one, std::unique_ptr<net::stream> service);
  boost::asio::awaitable<std::unique_ptr<net::stream>> open_stream();
  boost::asio::awaitable<bool> is_confirmed(opening& here, std::unique_ptr<net::stream>& service);
  void serve_by(std::shared_ptr<session> client);
  void note_bytes(std::uint64_t to_service, std::uint64_t to_visitor);
  std::unique_ptr<net::stream> filtered(std::unique_ptr<net::stream> from, direction way);
  template <class F>
  bool survives(F hook);
  void run() override;
  void on_relay_end(net::relay& which, const net::relay_report& report) override;

  const std::shared_ptr<visitor_rings> among_;
  net::worker& on_;
  const net::admission::ticket place_;
  const net::placement placed_;
  const net::endpoint remote_;
  const net::endpoint local_;
  std::unique_ptr<net::socket> connection_;  // until the relay has it
  std::shared_ptr<session> client_;
  opening* opening_ = nullptr;   // while a stream is opened
  net::relay* relay_ = nullptr;  // from then on
  std::uint64_t noted_in_ = 0;   // bytes that the tunnel has counted
  std::uint64_t noted_out_ = 0;
  bool came_ = false;  // the hooks know it
  bool aborted_ = false;
  visitor* next_ = nullptr;  // in its ring
  visitor* previous_ = nullptr;
};

}  // namespace frpx::tunnel
