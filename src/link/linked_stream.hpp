// A stream that a link carries.
#pragma once

#include <array>
#include <memory>

#include "link/events.hpp"
#include "link/own_streams.hpp"
#include "net/socket.hpp"
#include "net/stream.hpp"

namespace frpx::link {

class connection;

/// One of the many streams of a link, as the relay and the gateway see any stream. Bytes that
/// arrive while its watcher takes them at once are not copied; credit bounds what waits.
///
/// A stream that turns out to carry bulk moves to a connection of its own (docs/link.md, MOVE),
/// each direction by itself and without a byte lost or doubled; who uses the stream does not
/// notice, but that it becomes a plain socket, which can be spliced.
class linked_stream final : public net::stream, private stream_events {
 public:
  ~linked_stream() override;

  net::read_outcome read(bytes_span scratch) override;
  net::write_outcome write(bytes_view bytes) override;
  void finish() override;
  void reset() noexcept override;
  error_code error() const override { return error_ || own_ == nullptr ? error_ : own_->error(); }
  bool waits_for_turn() const override { return own_ != nullptr && own_->waits_for_turn(); }
  bool confirmed() const override { return confirmed_; }
  void begin_message() override;
  net::socket* plain_socket() noexcept override;

  stream_id id() const { return id_; }
  /// Client: the connect to the local service is decided. Bytes that came meanwhile can be read
  /// from now on; after a refusal the stream has failed.
  void answer(open_status status);
  /// The own connection that MOVE asked for. The server has read its one-time id on it; the client
  /// has sent that id, and the server's word comes next.
  void take_own(std::unique_ptr<net::socket> own);
  /// Whether an own connection is still wanted.
  bool wants_own() const;
  /// The session is over: fails, whatever way it goes by now.
  void end_session() { break_off(); }

 private:
  friend class connection;
  friend class own_streams;

  // Hears of the own connection.
  struct own_watcher final : net::stream::watcher {
    explicit own_watcher(linked_stream& of) : owner(of) {}
    void on_ready(net::stream::readiness what) override { owner.on_own_ready(what); }
    linked_stream& owner;
  };
  static constexpr std::size_t count_size = 8;

  linked_stream(connection& on, own_streams& owns) : link_(&on), owns_(owns) {}

  void on_opened(stream_id id, open_status status) override;
  std::size_t on_data(stream_id id, bytes_view bytes) override;
  void on_end(stream_id id) override;
  void on_reset(stream_id id, reset_code code) override;
  void on_writable(stream_id id) override;
  void on_bulk(stream_id id) override;
  void on_move(stream_id id, const uuid& one_time_id) override;
  void on_moved(stream_id id) override;

  net::read_outcome read_link(bytes_span scratch);
  void on_own_ready(readiness what);
  bool read_count();
  bool say_count();
  bool awaits_count() const { return sends_own_ && !count_known_ && own_ != nullptr; }
  void lose_own();
  void take_in(intake now);
  void leave_if_over();
  void leave();
  void break_off();
  void fail(error_code why);
  void give_up(error_code why);
  void tell(readiness what) {
    if (watching() != nullptr) watching()->on_ready(what);
  }

  void drop_own();

  connection* link_;   // null once the link cannot be asked any more
  own_streams& owns_;  // of the session, which may end first: asked only while listed_
  bool listed_ = false;
  stream_id id_ = 0;
  error_code error_;
  bytes_view arriving_;        // during on_data
  bool* destroyed_ = nullptr;  // during on_data: set by the destructor
  bool confirmed_ = false;
  bool read_end_ = false;     // by the link
  bool finished_ = false;     // by the link or the own connection
  bool sends_own_ = false;    // our count is said: our bytes go by the own connection
  bool reads_own_ = false;    // every byte that the link carried was read
  bool count_known_ = false;  // the link was told of the peer's count
  std::size_t count_read_ = 0;
  std::array<std::byte, count_size> count_{};
  own_watcher own_watch_{*this};
  std::unique_ptr<net::socket> own_;
};

}  // namespace frpx::link
