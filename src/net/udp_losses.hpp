// How many datagrams a worker has lost.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>

namespace frpx::net {

/// Why a datagram did not go on.
enum class udp_loss : std::uint8_t {
  kernel,  ///< The system's buffer of a socket was full.
  queue,   ///< A queue of ours was, and this one was the oldest in it; or it was refused.
  limit,   ///< A service's limit, on bandwidth or on visitors.
};

/// The datagrams that one worker has lost, by reason. Its worker counts, any thread reads.
class udp_losses {
 public:
  static constexpr std::size_t kinds = 3;

  void count(udp_loss why, std::uint64_t datagrams = 1) {
    auto& counter = counts_[static_cast<std::size_t>(why)];
    counter.store(counter.load(std::memory_order_relaxed) + datagrams, std::memory_order_relaxed);
  }
  std::uint64_t of(udp_loss why) const {
    return counts_[static_cast<std::size_t>(why)].load(std::memory_order_relaxed);
  }

 private:
  std::array<std::atomic<std::uint64_t>, kinds> counts_{};
};

constexpr const char* to_string(udp_loss why) {
  switch (why) {
    case udp_loss::kernel:
      return "kernel";
    case udp_loss::queue:
      return "queue";
    case udp_loss::limit:
      return "limit";
  }
  return "unknown";
}

}  // namespace frpx::net
