// A stream that a link carries.
#pragma once

#include "link/events.hpp"
#include "net/stream.hpp"

namespace frpx::link {

class connection;

/// One of the many streams of a link, as the relay and the gateway see any stream. Bytes that arrive
/// while its watcher takes them at once are not copied; credit bounds what waits.
class linked_stream final : public net::stream, private stream_events {
 public:
  ~linked_stream() override;

  net::read_outcome read(bytes_span scratch) override;
  net::write_outcome write(bytes_view bytes) override;
  void finish() override;
  void reset() noexcept override;
  error_code error() const override { return error_; }
  bool confirmed() const override { return confirmed_; }

  stream_id id() const { return id_; }
  /// Client: the connect to the local service is decided. Bytes that came meanwhile can be read
  /// from now on; after a refusal the stream has failed.
  void answer(open_status status);

 private:
  friend class connection;

  explicit linked_stream(connection& on) : link_(&on) {}

  void on_opened(stream_id id, open_status status) override;
  std::size_t on_data(stream_id id, bytes_view bytes) override;
  void on_end(stream_id id) override;
  void on_reset(stream_id id, reset_code code) override;
  void on_writable(stream_id id) override;

  void fail(error_code why);
  void leave();
  void tell(readiness what) {
    if (watching() != nullptr) watching()->on_ready(what);
  }

  connection* link_;  // null once the link cannot be asked any more
  stream_id id_ = 0;
  error_code error_;
  bytes_view arriving_;        // during on_data
  bool* destroyed_ = nullptr;  // during on_data: set by the destructor
  bool confirmed_ = false;
  bool read_end_ = false;
  bool finished_ = false;
};

}  // namespace frpx::link
