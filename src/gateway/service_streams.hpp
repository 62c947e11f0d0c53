// Streams to local services, kept open between requests.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <unordered_map>
#include <vector>

#include "net/stream.hpp"
#include "net/worker.hpp"

namespace frpx::gateway {

/// Keeps a session's HTTP streams between requests, for `idle` each: a service that closes one
/// first is noticed, a stream that says anything unasked is reset. Any other that is given up ends
/// in order, for the service has done nothing that deserves a reset: it sees the end of its
/// connection and has `farewell` to close it as well. One per worker, touched by it only.
class service_streams {
 public:
  static constexpr std::size_t most_per_session = 512;
  static constexpr std::size_t most_ending = 1024;  ///< Beyond it a stream is reset.

  /// A stream and what is needed to keep it; made once per stream, not once per request.
  class kept final : private net::stream::watcher, private net::deadline {
   public:
    kept(service_streams& home, std::uint64_t session, std::unique_ptr<net::stream> stream);

    net::stream& operator*() const { return *stream_; }
    net::stream* operator->() const { return stream_.get(); }
    std::unique_ptr<net::stream> release() { return std::move(stream_); }
    std::uint64_t session() const { return session_; }
    /// It carried a request before.
    bool used() const { return used_; }

   private:
    friend class service_streams;
    void on_ready(net::stream::readiness what) override;
    void expired() override;
    // Reads what is there; false when nothing more will come.
    bool discard();

    service_streams& home_;
    const std::uint64_t session_;
    std::unique_ptr<net::stream> stream_;
    bool used_ = false;
    bool ending_ = false;
  };

  service_streams(net::worker& on, std::chrono::milliseconds idle,
                  std::chrono::milliseconds farewell = std::chrono::seconds(1))
      : on_(on), idle_(idle), farewell_(farewell) {}

  /// An idle stream of that session, the one used last; null if there is none.
  std::unique_ptr<kept> take(std::uint64_t session);
  /// Keeps a stream whose last exchange is complete on both sides.
  void give(std::unique_ptr<kept> one);
  void clear();
  void clear(std::uint64_t session);
  /// Idle ones.
  std::size_t size() const;
  /// Those that were given up and wait for the service to end its side.
  std::size_t ending() const { return ending_.size(); }

 private:
  std::unique_ptr<kept> take_out(const kept& one);
  void end(std::unique_ptr<kept> one);

  net::worker& on_;
  const std::chrono::milliseconds idle_;
  const std::chrono::milliseconds farewell_;
  std::unordered_map<std::uint64_t, std::vector<std::unique_ptr<kept>>> idle_by_session_;
  std::unordered_map<const kept*, std::unique_ptr<kept>> ending_;
};

}  // namespace frpx::gateway
