// A stream seen through another.
#pragma once

#include <memory>

#include "net/stream.hpp"

namespace frpx::net {

/// Stands before a stream and does to its bytes what a derived class says, for whoever uses it in
/// the stream's place. Passes everything on as it is, but is never a plain socket: what is spliced
/// past it would not be seen.
class stream_filter : public stream, private stream::watcher {
 public:
  explicit stream_filter(std::unique_ptr<stream> inner) : inner_(std::move(inner)) {
    inner_->watch(this);
  }

  read_outcome read(bytes_span scratch) override { return inner_->read(scratch); }
  write_outcome write(bytes_view bytes) override { return inner_->write(bytes); }
  void finish() override { inner_->finish(); }
  void reset() noexcept override { inner_->reset(); }
  error_code error() const override { return inner_->error(); }
  bool waits_for_turn() const override { return inner_->waits_for_turn(); }
  bool confirmed() const override { return inner_->confirmed(); }
  void begin_message() override { inner_->begin_message(); }

 protected:
  stream& inner() { return *inner_; }
  /// Tells the watcher, which may destroy the filter.
  void tell(readiness what) {
    if (watching() != nullptr) watching()->on_ready(what);
  }

 private:
  void on_ready(readiness what) override { tell(what); }

  const std::unique_ptr<stream> inner_;
};

}  // namespace frpx::net
