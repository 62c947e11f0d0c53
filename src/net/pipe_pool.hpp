// Pipes for splice.
#pragma once

#include <cstddef>
#include <limits>
#include <memory>
#include <vector>

#include "net/fd.hpp"
#include "net/stream.hpp"

namespace frpx::net {

class socket;

/// A kernel pipe through which bytes go from socket to socket without being copied (splice).
struct pipe {
  /// Reads into the pipe, which is empty: so a full pipe is never taken for a source without
  /// bytes, and a failure has one culprit. At most `most` bytes, and what the pipe holds.
  write_outcome fill(socket& from, std::size_t most = std::numeric_limits<std::size_t>::max());
  /// Writes what is in it, as far as `to` takes it at once.
  write_outcome drain(socket& to);

  unique_fd read_end;
  unique_fd write_end;
  std::size_t capacity = 0;
  std::size_t filled = 0;
};

/// Lends pipes, a bounded number at once, and keeps the empty ones: a pipe that comes back with
/// bytes in it is closed, so that nobody ever sees another's. One worker only; outlives what it
/// lent.
class pipe_pool {
 public:
  static constexpr std::size_t wanted_capacity = 256 * 1024;
  /// A smaller pipe is not worth its system calls. Without privilege the kernel gives 8 KiB once a
  /// user has 1024 pipes (/proc/sys/fs/pipe-user-pages-soft).
  static constexpr std::size_t least_capacity = 64 * 1024;

  struct giver {
    pipe_pool* to = nullptr;
    void operator()(pipe* lent) const { to->take_back(lent); }
  };
  /// A pipe that goes back when it is destroyed.
  using handle = std::unique_ptr<pipe, giver>;

  explicit pipe_pool(std::size_t limit) : limit_(limit) { kept_.reserve(limit); }
  pipe_pool(const pipe_pool&) = delete;
  pipe_pool& operator=(const pipe_pool&) = delete;

  /// An empty pipe; null when as many as the limit are lent, or the system gives none of use.
  handle take();

  std::size_t lent() const { return lent_; }
  std::size_t kept() const { return kept_.size(); }

 private:
  void take_back(pipe* lent);

  const std::size_t limit_;
  std::size_t lent_ = 0;
  std::vector<std::unique_ptr<pipe>> kept_;
};

}  // namespace frpx::net
