// A stream that a proxylite connection carries.
#pragma once

#include <cstdint>

#include "net/buffer.hpp"
#include "net/stream.hpp"
#include "net/timers.hpp"

namespace frpx::link::proxylite {

class connection;

/// One of the many streams of a proxylite connection, as the relay sees any stream. Bytes that
/// arrive while its watcher takes them at once are not copied; the rest is kept here, within the
/// bounds that the connection keeps.
///
/// The wire knows one end for both directions. A server holds its own half-close back as long as
/// bytes still come, so that a visitor who ends its sending still gets its answer.
class segment_stream final : public net::stream, private net::deadline {
 public:
  ~segment_stream() override;

  net::read_outcome read(bytes_span scratch) override;
  net::write_outcome write(bytes_view bytes) override;
  void finish() override;
  void reset() noexcept override;
  error_code error() const override { return error_; }

  std::uint32_t uid() const { return uid_; }

 private:
  friend class connection;

  segment_stream(connection& on, std::uint32_t uid);

  void expired() override;
  // What the connection tells.
  void on_data(bytes_view bytes);
  void on_close();
  void on_writable();
  void fail(error_code why);

  void keep(bytes_view bytes);
  void note_taken(std::size_t bytes);
  void say_close();
  void leave();
  void tell(readiness what) {
    if (watching() != nullptr) watching()->on_ready(what);
  }

  connection* link_;  // null once the connection has gone, or this stream was reset
  const std::uint32_t uid_;
  error_code error_;
  bytes_view arriving_;        // during on_data
  bool* destroyed_ = nullptr;  // during on_data: set by the destructor
  net::buffer held_;           // arrived, not taken
  steady_time last_taken_{};
  bool is_full_ = false;      // counted by the connection, which stops reading meanwhile
  bool finished_ = false;     // the owner has no more to send
  bool peer_closed_ = false;  // nothing more comes; what is written goes nowhere
  bool closed_ = false;       // we have said close
  bool read_end_ = false;     // the owner knows that nothing more comes
  bool waits_ = false;        // listed with those who wait for room
};

}  // namespace frpx::link::proxylite
