// A stream without a socket, for tests and fuzz targets.
#pragma once

#include <algorithm>
#include <memory>
#include <string>

#include "net/stream.hpp"

namespace frpx::test {

/// The peer of a `memory_stream`, in the hands of the test: what it sends the stream's reader
/// reads, and `taken` is what the stream's writer wrote. It outlives its stream.
///
/// It tells the watcher of a change only if a call was blocked since the last one, as strictly as
/// the contract of `stream` allows. Its functions are called from the loop, never from within the
/// stream.
class memory_peer {
 public:
  void send(std::string_view bytes) {
    sent_.append(bytes);
    tell_readable();
  }
  void finish() {
    finished_ = true;
    tell_readable();
  }
  void reset() {
    broken_ = true;
    if (watcher_of_stream()) watcher_of_stream()->on_ready({true, true, true});
  }
  /// Lets the stream take `bytes` more; it starts with no room.
  void make_room(std::size_t bytes) {
    room_ += bytes;
    if (std::exchange(write_blocked_, false) && watcher_of_stream()) {
      watcher_of_stream()->on_ready({false, true, false});
    }
  }
  /// The most that one read or one write moves from now on, at least 1.
  void slice(std::size_t most) { slice_ = most; }

  /// Bytes sent that nobody has read yet.
  std::size_t unread() const { return sent_.size() - read_; }
  const std::string& taken() const { return taken_; }
  bool saw_end() const { return saw_end_; }      ///< The stream was finished.
  bool saw_reset() const { return saw_reset_; }  ///< The stream was reset, or went before its ends.
  bool alone() const { return stream_ == nullptr; }

 private:
  friend class memory_stream;

  net::stream::watcher* watcher_of_stream();
  void tell_readable() {
    if (std::exchange(read_blocked_, false) && watcher_of_stream()) {
      watcher_of_stream()->on_ready({true, false, false});
    }
  }

  class memory_stream* stream_ = nullptr;
  std::string sent_;
  std::size_t read_ = 0;
  std::string taken_;
  std::size_t room_ = 0;
  std::size_t slice_ = static_cast<std::size_t>(-1);
  bool finished_ = false;
  bool broken_ = false;
  bool read_blocked_ = false;
  bool write_blocked_ = false;
  bool read_end_ = false;
  bool saw_end_ = false;
  bool saw_reset_ = false;
};

class memory_stream final : public net::stream {
 public:
  explicit memory_stream(memory_peer& peer) : peer_(peer) { peer_.stream_ = this; }
  ~memory_stream() override {
    if (!(peer_.read_end_ && peer_.saw_end_)) reset();
    peer_.stream_ = nullptr;
  }

  net::read_outcome read(bytes_span scratch) override {
    using enum net::io_state;
    if (is_broken()) return {failed, {}};
    const std::size_t count = std::min({scratch.size(), peer_.unread(), peer_.slice_});
    if (count == 0 && peer_.finished_) {
      peer_.read_end_ = true;
      return {ended, {}};
    }
    if (count == 0) {
      peer_.read_blocked_ = true;
      return {blocked, {}};
    }
    const auto bytes = as_bytes(std::string_view(peer_.sent_).substr(peer_.read_, count));
    std::copy(bytes.begin(), bytes.end(), scratch.begin());
    peer_.read_ += count;
    return {moved, scratch.first(count)};
  }

  net::write_outcome write(bytes_view bytes) override {
    using enum net::io_state;
    if (is_broken()) return {failed, 0};
    const std::size_t count = std::min({bytes.size(), peer_.room_, peer_.slice_});
    if (count == 0) {
      peer_.write_blocked_ = true;
      return {blocked, 0};
    }
    peer_.taken_ += as_text(bytes.first(count));
    peer_.room_ -= count;
    return {moved, count};
  }

  void finish() override { peer_.saw_end_ = true; }
  void reset() noexcept override { peer_.saw_reset_ = true; }
  error_code error() const override {
    return is_broken() ? error_code(boost::system::errc::connection_reset,
                                    boost::system::generic_category())
                       : error_code();
  }

 private:
  friend class memory_peer;
  bool is_broken() const { return peer_.broken_ || peer_.saw_reset_; }
  memory_peer& peer_;
};

inline net::stream::watcher* memory_peer::watcher_of_stream() {
  return stream_ == nullptr ? nullptr : stream_->watching();
}

}  // namespace frpx::test
