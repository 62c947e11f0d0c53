// Commands on the control connection.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "net/socket.hpp"
#include "net/wakeup.hpp"
#include "wire/frame.hpp"
#include "wire/frpx_command.hpp"

namespace frpx::client {

/// Turns the control connection's bytes into commands and back. It waits for nothing: the coroutine
/// that owns the bell tries `receive` and `flush`, and waits for the bell when neither moved.
///
/// One worker only. Destroying it resets a connection that has not ended in both directions.
class control_channel {
 public:
  /// Two heartbeats as large as they may be: a server that leaves more unread is gone.
  static constexpr std::size_t most_unsent = 2 * (wire::frame_limit + wire::frame_header_size);

  control_channel(std::unique_ptr<net::socket> connection, net::wakeup& bell);

  /// The next command; nothing when none is there. Errors: what `wire` says of bad frames and
  /// commands (after `wire::errc::unknown_command` alone it may go on), `errc::server_ended`, the
  /// system's.
  result<std::optional<wire::command>> receive();
  /// Queues a command. Error: too_many_unsent.
  error_code send(const wire::command& command);
  /// Writes what it can.
  error_code flush();
  /// Ends the sending direction behind what was flushed.
  void finish() { connection_->finish(); }
  /// From now on the server may send frames as large as the protocol has them.
  void trust() { reader_.set_limit(wire::frame_limit); }

 private:
  net::stream_watch watch_;
  std::unique_ptr<net::socket> connection_;
  wire::frame_reader reader_;
  std::string unsent_;
};

}  // namespace frpx::client
