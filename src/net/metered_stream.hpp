// A stream that is read no faster than it may be.
#pragma once

#include "net/stream_filter.hpp"
#include "net/timers.hpp"
#include "net/token_bucket.hpp"

namespace frpx::net {

/// Reads as much as its bucket allows and then says that there is nothing, until there may be more.
/// So the source is slowed by its own flow control, and nothing is held here; ends and errors go by
/// as they come.
class metered_stream final : public stream_filter, private deadline {
 public:
  /// `bucket` outlives it, and may be shared by the streams of all workers.
  metered_stream(std::unique_ptr<stream> inner, token_bucket& bucket, timers& of)
      : stream_filter(std::move(inner)), deadline(of), bucket_(bucket) {}

  read_outcome read(bytes_span scratch) override {
    const steady_time now = steady_clock::now();
    const std::size_t allowed = bucket_.available(now);
    if (allowed == 0) {
      set(bucket_.ready_at(now));
      return {io_state::blocked, {}};
    }
    const read_outcome got = inner().read(scratch.first(std::min(allowed, scratch.size())));
    if (got.state == io_state::moved) bucket_.take(got.bytes.size(), now);
    return got;
  }

 private:
  void expired() override { tell({.readable = true}); }

  token_bucket& bucket_;
};

}  // namespace frpx::net
