// Datagrams on a stream of bytes.
#pragma once

#include <memory>

#include "net/buffer.hpp"
#include "net/datagram_queue.hpp"
#include "net/datagram_stream.hpp"
#include "net/poller.hpp"
#include "net/stream.hpp"
#include "net/turn_budget.hpp"
#include "net/worker.hpp"

namespace frpx::net {

/// Carries datagrams by a connection of their own, where there is no link: each with its length in
/// front, `u16`, big endian. What the connection cannot take now waits, up to 64 KiB; in a full
/// queue the oldest make room. All that one wake-up sends leaves by one call.
///
/// As every datagram_stream. An end of the connection, of whatever kind, ends it.
class framed_datagrams final : public datagram_stream,
                               private stream::watcher,
                               private poller::task {
 public:
  framed_datagrams(worker& on, std::unique_ptr<stream> carrier);
  ~framed_datagrams() override;

  void send(bytes_view datagram) override;
  /// Datagrams that were pushed out while they waited.
  std::uint64_t lost() const { return lost_; }

 private:
  static constexpr std::size_t prefix = 2;

  // Goes on reading when others had their turn.
  struct rereading final : poller::task {
    explicit rereading(framed_datagrams& of) : owner(of) {}
    void run() override { owner.read(); }
    framed_datagrams& owner;
  };

  void on_ready(stream::readiness what) override;
  void run() override { write(); }
  void lose(std::uint64_t datagrams);
  void read();
  bool tell_whole();
  void write();
  void fail(error_code why);

  worker& on_;
  const std::unique_ptr<stream> carrier_;
  buffer arrived_;
  buffer leaving_;  // whole frames, but for one that is partly written
  datagram_queue waiting_;
  turn_budget share_;
  std::uint64_t lost_ = 0;
  rereading rereading_{*this};
};

}  // namespace frpx::net
