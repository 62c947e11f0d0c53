// A udp stream that a link carries.
#pragma once

#include "link/events.hpp"
#include "net/datagram_stream.hpp"

namespace frpx::link {

class connection;

/// One association's datagrams on a link, as frames between those of all its other streams. All
/// that one wake-up sends leaves by one call. A link that cannot keep up holds 64 KiB of each
/// stream and drops what is older.
class linked_datagrams final : public net::datagram_stream, private stream_events {
 public:
  ~linked_datagrams() override;

  void send(bytes_view datagram) override;

 private:
  friend class connection;

  explicit linked_datagrams(connection& on) : link_(&on) {}

  void on_opened(stream_id id, open_status status) override;
  void on_datagram(stream_id id, bytes_view datagram) override;
  void on_reset(stream_id id, reset_code code) override;
  // What the machine never tells of a udp stream.
  std::size_t on_data(stream_id, bytes_view bytes) override { return bytes.size(); }
  void on_end(stream_id) override {}
  void on_writable(stream_id) override {}

  void leave();
  void be_gone(error_code why);

  connection* link_;  // null once the stream has ended
  stream_id id_ = 0;
};

}  // namespace frpx::link
