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
/// first is noticed, a stream that says anything unasked is dropped. One per worker, touched by it
/// only.
class service_streams {
 public:
  static constexpr std::size_t most_per_session = 512;

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
    void expired() override { home_.drop(*this); }

    service_streams& home_;
    const std::uint64_t session_;
    std::unique_ptr<net::stream> stream_;
    bool used_ = false;
  };

  service_streams(net::worker& on, std::chrono::milliseconds idle) : on_(on), idle_(idle) {}

  /// An idle stream of that session, the one used last; null if there is none.
  std::unique_ptr<kept> take(std::uint64_t session);
  /// Keeps a stream whose last exchange is complete on both sides.
  void give(std::unique_ptr<kept> one);
  void clear() { idle_by_session_.clear(); }
  void clear(std::uint64_t session) { idle_by_session_.erase(session); }
  std::size_t size() const;

 private:
  void drop(const kept& one);

  net::worker& on_;
  const std::chrono::milliseconds idle_;
  std::unordered_map<std::uint64_t, std::vector<std::unique_ptr<kept>>> idle_by_session_;
};

}  // namespace frpx::gateway
