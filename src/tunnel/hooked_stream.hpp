// A stream whose bytes a hook sees.
#pragma once

#include <cstring>
#include <functional>

#include "net/stream_filter.hpp"

namespace frpx::tunnel {

/// Shows what is read to a function, which may change it in place; the end of the stream is shown
/// as no bytes, once.
class hooked_stream final : public net::stream_filter {
 public:
  /// False: the bytes are not to go on; the stream then fails.
  using shown_to = std::function<bool(bytes_span)>;

  hooked_stream(std::unique_ptr<net::stream> inner, shown_to sees)
      : stream_filter(std::move(inner)), sees_(std::move(sees)) {}

  net::read_outcome read(bytes_span scratch) override {
    net::read_outcome got = inner().read(scratch);
    if (got.state == net::io_state::ended && !std::exchange(end_shown_, true)) {
      if (!sees_({})) return fail();
    } else if (got.state == net::io_state::moved) {
      // What a stream gives may stand in memory of its own, which is not ours to change.
      const bytes_span ours = scratch.first(got.bytes.size());
      if (got.bytes.data() != ours.data()) std::memmove(ours.data(), got.bytes.data(), ours.size());
      if (!sees_(ours)) return fail();
      got.bytes = ours;
    }
    return got;
  }

 private:
  net::read_outcome fail() {
    inner().reset();
    return {net::io_state::failed, {}};
  }

  const shown_to sees_;
  bool end_shown_ = false;
};

}  // namespace frpx::tunnel
